// Package accounts says who may sign in: users, one-time links, sessions and API keys, kept in the
// vault's file. Of passwords, links, cookies and keys only hashes are kept.
//
//	one-time link ─► UseLink (sets a password) ─► SignIn ─► token in a cookie ─► Session
//	program       ─► Authorization: Bearer cf_… ─► Key
//
// What a role may do is not decided here but in one table in gateway.
package accounts

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/vault"
)

// Accounts reads and changes users, links, sessions and keys. Its methods may be called from many
// goroutines.
type Accounts struct {
	vault   *vault.Vault
	hashing chan struct{} // at most two password hashes at once, 19 MiB each
}

// New gives the accounts of a vault.
func New(v *vault.Vault) *Accounts { return &Accounts{vault: v, hashing: make(chan struct{}, 2)} }

// Purge forgets sessions and links that have ended.
func (a *Accounts) Purge(ctx context.Context, now time.Time) error {
	return a.account(ctx, "purge", "accounts", func(ctx context.Context, tx vault.Tx) error {
		if _, err := tx.Exec(ctx, `delete from links where ends <= $1`, vault.Micros(now)); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `delete from sessions where ends <= $1 or seen <= $2`,
			vault.Micros(now), vault.Micros(now.Add(-SessionIdle)))
		return err
	})
}

// account runs one write and wraps its error; refusals stay as they are.
func (a *Accounts) account(ctx context.Context, doing, name string, do func(ctx context.Context, tx vault.Tx) error) error {
	err := a.vault.Write(ctx, do)
	var refusal eventlog.Refusal
	if err == nil || errors.As(err, &refusal) {
		return err
	}
	return fmt.Errorf("%s %s: %w", doing, name, err)
}

// short keeps what a stranger sends within bounds.
func short(s string) string {
	const most = 200
	if len(s) > most {
		s = s[:most]
	}
	return strings.ToValidUTF8(s, "")
}

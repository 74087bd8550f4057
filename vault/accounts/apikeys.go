package accounts

import (
	"context"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/vault"
)

// keyMark begins every API key, so that leaked ones can be found.
const keyMark = "cf_"

// APIKey lets a program in. The key itself is shown once and only its hash is kept.
type APIKey struct {
	Prefix  string // cf_ and eight characters: public, names the key
	Name    string // what it is for, given by its maker
	Role    Role
	Scopes  []string // actions it is limited to; none = all of its role
	Created time.Time
	Ends    time.Time // zero = never
	Used    time.Time // to the minute; zero = never
}

// MakeKey makes an API key and returns it for the only time. ends zero means that it does not expire.
func (a *Accounts) MakeKey(ctx context.Context, name string, role Role, scopes []string, ends time.Time) (vault.Secret, APIKey, error) {
	if !role.Valid() {
		return "", APIKey{}, ErrRole
	}
	name, err := userName(name)
	if err != nil {
		return "", APIKey{}, err
	}
	id, err := a.vault.Random(4)
	if err != nil {
		return "", APIKey{}, err
	}
	secret, _, err := a.token()
	if err != nil {
		return "", APIKey{}, err
	}
	k := APIKey{Prefix: keyMark + hex.EncodeToString(id), Name: name, Role: role, Scopes: slices.Clone(scopes), Created: a.vault.Now(), Ends: ends.UTC()}
	full := k.Prefix + "_" + string(secret)
	err = a.account(ctx, "make key", name, func(ctx context.Context, tx vault.Tx) error {
		_, err := tx.Exec(ctx, `insert into api_keys (prefix, hash, name, role, scopes, created, ends, used) values ($1, $2, $3, $4, $5, $6, $7, 0)`,
			k.Prefix, tokenHash(full), name, role, strings.Join(scopes, " "), vault.Micros(k.Created), vault.Micros(ends))
		return err
	})
	if err != nil {
		return "", APIKey{}, err
	}
	return vault.Secret(full), k, nil
}

// Key checks a presented key: ErrNotFound when it is wrong, revoked or expired.
func (a *Accounts) Key(ctx context.Context, presented vault.Secret) (APIKey, error) {
	n := len(keyMark) + 8
	if len(presented) < n+1 {
		return APIKey{}, fmt.Errorf("check key: %w", vault.ErrNotFound)
	}
	now := a.vault.Now()
	keys, hashes, err := a.apiKeys(ctx, `where prefix = $1`, string(presented[:n]))
	if err != nil {
		return APIKey{}, fmt.Errorf("check key: %w", err)
	}
	if len(keys) == 0 || subtle.ConstantTimeCompare(tokenHash(string(presented)), hashes[0]) != 1 ||
		(!keys[0].Ends.IsZero() && !now.Before(keys[0].Ends)) {
		return APIKey{}, fmt.Errorf("check key: %w", vault.ErrNotFound)
	}
	k := keys[0]
	if now.Sub(k.Used) >= touchEvery {
		_ = a.vault.Write(ctx, func(ctx context.Context, tx vault.Tx) error { // as with sessions: a full disk locks nobody out
			_, err := tx.Exec(ctx, `update api_keys set used = $2 where prefix = $1`, k.Prefix, vault.Micros(now))
			return err
		})
	}
	return k, nil
}

// Keys lists all API keys, oldest first, the expired ones too.
func (a *Accounts) Keys(ctx context.Context) ([]APIKey, error) {
	keys, _, err := a.apiKeys(ctx, `order by created, prefix`)
	if err != nil {
		return nil, fmt.Errorf("list keys: %w", err)
	}
	return keys, nil
}

// RevokeKey ends a key by its prefix at once. ErrNotFound when there is none.
func (a *Accounts) RevokeKey(ctx context.Context, prefix string) error {
	return a.account(ctx, "revoke key", prefix, func(ctx context.Context, tx vault.Tx) error {
		n, err := tx.Exec(ctx, `delete from api_keys where prefix = $1`, prefix)
		if err == nil && n == 0 {
			err = vault.ErrNotFound
		}
		return err
	})
}

func (a *Accounts) apiKeys(ctx context.Context, where string, args ...any) (keys []APIKey, hashes [][]byte, err error) {
	keys = []APIKey{}
	err = a.vault.Read(ctx, func(r vault.Reader) error {
		return vault.Each(ctx, r, `select prefix, hash, name, role, scopes, created, ends, used from api_keys `+where, args, func(rows vault.Rows) error {
			var k APIKey
			var hash []byte
			var scopes string
			var created, ends, used int64
			err := rows.Scan(&k.Prefix, &hash, &k.Name, &k.Role, &scopes, &created, &ends, &used)
			k.Scopes, k.Created, k.Ends, k.Used = strings.Fields(scopes), vault.Moment(created), vault.Moment(ends), vault.Moment(used)
			keys, hashes = append(keys, k), append(hashes, hash)
			return err
		})
	})
	return keys, hashes, err
}

package accounts

import (
	"context"
	"time"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/vault"
)

// LinkLife is how long a one-time link works.
const LinkLife = 24 * time.Hour

// MakeLink makes a one-time link's token with which user sets a password within its life. A user
// who does not exist yet is made with the role; an existing one keeps the role it has. With user
// empty, whoever opens the link chooses the name of a new user.
func (a *Accounts) MakeLink(ctx context.Context, user string, role Role, life time.Duration) (vault.Secret, error) {
	if !role.Valid() {
		return "", ErrRole
	}
	if user != "" {
		var err error
		if user, err = userName(user); err != nil {
			return "", err
		}
	}
	token, hash, err := a.token()
	if err != nil {
		return "", err
	}
	err = a.account(ctx, "make link for", user, func(ctx context.Context, tx vault.Tx) error {
		return a.putLink(ctx, tx, hash, user, role, life)
	})
	return token, err
}

// Invite makes a user who has no password yet, and a link as MakeLink does.
func (a *Accounts) Invite(ctx context.Context, name string, role Role, life time.Duration) (vault.Secret, User, error) {
	if !role.Valid() {
		return "", User{}, ErrRole
	}
	name, err := userName(name)
	if err != nil {
		return "", User{}, err
	}
	token, hash, err := a.token()
	if err != nil {
		return "", User{}, err
	}
	u := User{Name: name, Role: role, Created: a.vault.Now()}
	err = a.account(ctx, "invite", name, func(ctx context.Context, tx vault.Tx) error {
		n, err := tx.Exec(ctx, `insert into users (name, role, password, created) values ($1, $2, '', $3) on conflict (name) do nothing`,
			name, role, vault.Micros(u.Created))
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrTaken
		}
		return a.putLink(ctx, tx, hash, name, role, life)
	})
	return token, u, err
}

// Relink makes a link for a user who is there, to set a first or another password; the links of
// before end, because one may have gone astray. ErrNotFound when there is no such user.
func (a *Accounts) Relink(ctx context.Context, name string, life time.Duration) (vault.Secret, error) {
	token, hash, err := a.token()
	if err != nil {
		return "", err
	}
	err = a.account(ctx, "make link for", name, func(ctx context.Context, tx vault.Tx) error {
		var role Role
		found, err := vault.One(ctx, tx, `select role from users where name = $1`, []any{name}, &role)
		if err != nil {
			return err
		}
		if !found {
			return vault.ErrNotFound
		}
		if err := endLinks(ctx, tx, name); err != nil {
			return err
		}
		return a.putLink(ctx, tx, hash, name, role, life)
	})
	return token, err
}

func (a *Accounts) putLink(ctx context.Context, tx vault.Tx, hash []byte, user string, role Role, life time.Duration) error {
	_, err := tx.Exec(ctx, `insert into links (hash, user_name, role, ends) values ($1, $2, $3, $4)`,
		hash, user, role, vault.Micros(a.vault.Now().Add(life)))
	return err
}

func endLinks(ctx context.Context, tx vault.Tx, user string) error {
	_, err := tx.Exec(ctx, `delete from links where user_name = $1`, user)
	return err
}

// UseLink sets a password with a one-time link and returns the user's name. A link works once;
// a refused password or name does not use it up.
func (a *Accounts) UseLink(ctx context.Context, token vault.Secret, user string, password vault.Secret) (string, error) {
	kept, err := a.hashPassword(ctx, password)
	if err != nil {
		return "", err
	}
	var name string
	err = a.account(ctx, "use link for", user, func(ctx context.Context, tx vault.Tx) error {
		var role Role
		found, err := vault.One(ctx, tx, `delete from links where hash = $1 and ends > $2 returning user_name, role`,
			[]any{tokenHash(string(token)), vault.Micros(a.vault.Now())}, &name, &role)
		if err != nil {
			return err
		}
		if !found {
			return ErrLink
		}
		given, err := userName(user)
		switch {
		case name == "" && err != nil:
			return err
		case name != "" && user != "" && given != name:
			return eventlog.Refusal("This link is for another user.")
		case name != "":
			given = name
		}
		var disabled bool
		exists, err := vault.One(ctx, tx, `select disabled from users where name = $1`, []any{given}, &disabled)
		if err != nil {
			return err
		}
		if disabled {
			return eventlog.Refusal("This user is disabled, so the link cannot be used. Ask an owner.")
		}
		if exists && name == "" {
			return ErrTaken
		}
		if !exists {
			if err := putUser(ctx, tx, given, role, vault.Micros(a.vault.Now())); err != nil {
				return err
			}
		}
		name = given
		if err := endLinks(ctx, tx, name); err != nil { // one that went astray must not open the account again
			return err
		}
		return setPassword(ctx, tx, name, kept)
	})
	return name, err
}

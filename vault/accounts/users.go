package accounts

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/vault"
)

// Role says what someone may do; the table is in gateway.
type Role string

// The roles, from most to least.
const (
	Owner    Role = "owner"
	Operator Role = "operator"
	Viewer   Role = "viewer"
)

// Valid says whether there is such a role.
func (r Role) Valid() bool { return r == Owner || r == Operator || r == Viewer }

// User is someone who may sign in.
type User struct {
	Name     string
	Role     Role
	Disabled bool
	Password bool // false until a one-time link was used
	Created  time.Time
}

// Refusals about accounts.
const (
	ErrName = eventlog.Refusal("A name has 1 to 64 letters, digits, spaces or any of . _ - @.")
	ErrRole = eventlog.Refusal("A role is owner, operator or viewer.")
	ErrLast = eventlog.Refusal("This is the last owner who can sign in: make another one first.")
	ErrLink = eventlog.Refusal("This link was used already or has expired. Print a new one with: creatorflow user link NAME")
)

// PutUser makes a user without a password, or changes an existing one's role. A changed role ends
// the user's sessions, so that no open screen keeps the old rights.
func (a *Accounts) PutUser(ctx context.Context, name string, role Role) error {
	name, err := userName(name)
	if err != nil {
		return err
	}
	if !role.Valid() {
		return ErrRole
	}
	return a.account(ctx, "store user", name, func(ctx context.Context, tx vault.Tx) error {
		return putUser(ctx, tx, name, role, vault.Micros(a.vault.Now()))
	})
}

func putUser(ctx context.Context, tx vault.Tx, name string, role Role, at int64) error {
	var before Role
	found, err := vault.One(ctx, tx, `select role from users where name = $1`, []any{name}, &before)
	if err != nil || (found && before == role) {
		return err
	}
	if !found {
		_, err := tx.Exec(ctx, `insert into users (name, role, password, created) values ($1, $2, '', $3)`, name, role, at)
		return err
	}
	if _, err := tx.Exec(ctx, `update users set role = $2 where name = $1`, name, role); err != nil {
		return err
	}
	if err := endSessions(ctx, tx, name); err != nil {
		return err
	}
	return keepOwner(ctx, tx, before)
}

// SetPassword sets a user's password and ends the user's sessions.
func (a *Accounts) SetPassword(ctx context.Context, name string, password vault.Secret) error {
	name, err := userName(name)
	if err != nil {
		return err
	}
	hash, err := a.hashPassword(ctx, password)
	if err != nil {
		return err
	}
	return a.account(ctx, "set password of", name, func(ctx context.Context, tx vault.Tx) error {
		return setPassword(ctx, tx, name, hash)
	})
}

func setPassword(ctx context.Context, tx vault.Tx, name, hash string) error {
	n, err := tx.Exec(ctx, `update users set password = $2 where name = $1`, name, hash)
	if err != nil {
		return err
	}
	if n == 0 {
		return vault.ErrNotFound
	}
	return endSessions(ctx, tx, name)
}

// Disable stops a user from signing in and ends the user's sessions, or lets the user in again.
func (a *Accounts) Disable(ctx context.Context, name string, disabled bool) error {
	return a.account(ctx, "disable user", name, func(ctx context.Context, tx vault.Tx) error {
		var role Role
		found, err := vault.One(ctx, tx, `update users set disabled = $2 where name = $1 returning role`, []any{name, bit(disabled)}, &role)
		if err != nil {
			return err
		}
		if !found {
			return vault.ErrNotFound
		}
		if !disabled {
			return nil
		}
		if err := endSessions(ctx, tx, name); err != nil {
			return err
		}
		return keepOwner(ctx, tx, role)
	})
}

// keepOwner refuses a change that leaves nobody to undo it; before is the changed user's old role.
func keepOwner(ctx context.Context, tx vault.Tx, before Role) error {
	if before != Owner {
		return nil
	}
	var left int
	_, err := vault.One(ctx, tx, `select count(*) from users where role = 'owner' and disabled = 0`, nil, &left)
	if err == nil && left == 0 {
		return ErrLast
	}
	return err
}

// Users lists everybody by name.
func (a *Accounts) Users(ctx context.Context) ([]User, error) {
	users := []User{}
	err := a.vault.Read(ctx, func(r vault.Reader) error {
		return vault.Each(ctx, r, `select name, role, disabled, password <> '', created from users order by name`, nil, func(rows vault.Rows) error {
			var u User
			var created int64
			err := rows.Scan(&u.Name, &u.Role, &u.Disabled, &u.Password, &created)
			u.Created = vault.Moment(created)
			users = append(users, u)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list users: %w", err)
	}
	return users, nil
}

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
		_, err := tx.Exec(ctx, `insert into links (hash, user_name, role, ends) values ($1, $2, $3, $4)`,
			hash, user, role, vault.Micros(a.vault.Now().Add(life)))
		return err
	})
	return token, err
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
		var standing Role
		exists, err := vault.One(ctx, tx, `select role from users where name = $1`, []any{given}, &standing)
		if err != nil {
			return err
		}
		if exists && name == "" {
			return eventlog.Refusal("There is a user of this name already: choose another.")
		}
		if !exists {
			if err := putUser(ctx, tx, given, role, vault.Micros(a.vault.Now())); err != nil {
				return err
			}
		}
		name = given
		return setPassword(ctx, tx, name, kept)
	})
	return name, err
}

// userName brings a name to the form in which names are compared.
func userName(name string) (string, error) {
	name = norm.NFC.String(strings.TrimSpace(name))
	n := utf8.RuneCountInString(name)
	odd := func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) && !strings.ContainsRune(" ._-@", r)
	}
	if n < 1 || n > 64 || strings.ContainsFunc(name, odd) {
		return "", ErrName
	}
	return name, nil
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

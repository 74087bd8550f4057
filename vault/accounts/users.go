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
	Sessions int       // signed-in browsers
	Seen     time.Time // when one of those was last used; zero when there is none
}

// Refusals about accounts.
const (
	ErrName  = eventlog.Refusal("A name has 1 to 64 letters, digits, spaces or any of . _ - @.")
	ErrRole  = eventlog.Refusal("A role is owner, operator or viewer.")
	ErrLast  = eventlog.Refusal("This is the last owner who can sign in: make another one first.")
	ErrTaken = eventlog.Refusal("There is a user of this name already: choose another.")
	ErrLink  = eventlog.Refusal("This link was used already or has expired. Ask an owner for a new one, or print one on the server with: creatorflow user link NAME")
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

// SetRole changes the role of a user who is there, as PutUser does: ErrNotFound when there is none.
func (a *Accounts) SetRole(ctx context.Context, name string, role Role) (changed bool, err error) {
	if !role.Valid() {
		return false, ErrRole
	}
	err = a.account(ctx, "change role of", name, func(ctx context.Context, tx vault.Tx) error {
		var before Role
		found, err := vault.One(ctx, tx, `select role from users where name = $1`, []any{name}, &before)
		if err != nil {
			return err
		}
		if !found {
			return vault.ErrNotFound
		}
		changed = before != role
		return putUser(ctx, tx, name, role, 0)
	})
	return changed, err
}

func putUser(ctx context.Context, tx vault.Tx, name string, role Role, at int64) error {
	var before User
	found, err := vault.One(ctx, tx, `select role, password <> '' from users where name = $1`, []any{name}, &before.Role, &before.Password)
	if err != nil || (found && before.Role == role) {
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
		var before User
		found, err := vault.One(ctx, tx, `update users set disabled = $2 where name = $1 returning role, password <> ''`,
			[]any{name, bit(disabled)}, &before.Role, &before.Password)
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
		return keepOwner(ctx, tx, before)
	})
}

// Remove forgets a user, the user's sessions and unused links. ErrNotFound when there is none.
func (a *Accounts) Remove(ctx context.Context, name string) error {
	return a.account(ctx, "remove user", name, func(ctx context.Context, tx vault.Tx) error {
		var before User
		found, err := vault.One(ctx, tx, `delete from users where name = $1 returning role, password <> ''`, []any{name}, &before.Role, &before.Password)
		if err != nil {
			return err
		}
		if !found {
			return vault.ErrNotFound
		}
		if err := endSessions(ctx, tx, name); err != nil {
			return err
		}
		if err := endLinks(ctx, tx, name); err != nil {
			return err
		}
		return keepOwner(ctx, tx, before)
	})
}

// keepOwner refuses a change that leaves nobody to undo it; before is the user as it was. Who was
// invited and never came cannot undo anything, so of owners who have a password one has to stay.
func keepOwner(ctx context.Context, tx vault.Tx, before User) error {
	if before.Role != Owner {
		return nil
	}
	var left, able int
	_, err := vault.One(ctx, tx, `select count(*), coalesce(sum(case when password <> '' then 1 else 0 end), 0) from users where role = 'owner' and disabled = 0`,
		nil, &left, &able)
	if err == nil && (left == 0 || before.Password && able == 0) {
		return ErrLast
	}
	return err
}

// Users lists everybody by name.
func (a *Accounts) Users(ctx context.Context) ([]User, error) {
	users := []User{}
	now := a.vault.Now()
	err := a.vault.Read(ctx, func(r vault.Reader) error {
		return vault.Each(ctx, r, `select u.name, u.role, u.disabled, u.password <> '', u.created, count(s.id), coalesce(max(s.seen), 0)
			from users u left join sessions s on s.user_name = u.name and s.ends > $1 and s.seen > $2
			group by u.name, u.role, u.disabled, u.password, u.created order by u.name`,
			[]any{vault.Micros(now), vault.Micros(now.Add(-SessionIdle))}, func(rows vault.Rows) error {
				var u User
				var created, seen int64
				err := rows.Scan(&u.Name, &u.Role, &u.Disabled, &u.Password, &created, &u.Sessions, &seen)
				u.Created, u.Seen = vault.Moment(created), vault.Moment(seen)
				users = append(users, u)
				return err
			})
	})
	if err != nil {
		return nil, fmt.Errorf("list users: %w", err)
	}
	return users, nil
}

// userName brings a name to the form in which names are compared.
func userName(name string) (string, error) {
	name = UserName(name)
	n := utf8.RuneCountInString(name)
	odd := func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) && !strings.ContainsRune(" ._-@", r)
	}
	if n < 1 || n > 64 || strings.ContainsFunc(name, odd) || name == "." || name == ".." { // the dots mean other things in an address
		return "", ErrName
	}
	return name, nil
}

// UserName is how a name that somebody entered is kept and found.
func UserName(entered string) string { return norm.NFC.String(strings.TrimSpace(entered)) }

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

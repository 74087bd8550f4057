package accounts

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/creatorflow/creatorflow/vault"
)

// How long a session lives: unused, and at most.
const (
	SessionIdle = 7 * 24 * time.Hour
	SessionLife = 30 * 24 * time.Hour
)

// touchEvery is how often "last used" is written at most; a write on every request would be one
// fsync a click.
const touchEvery = time.Minute

// Session is one signed-in browser. Its token is known to the browser alone.
type Session struct {
	ID      string // public, to list and end it
	User    string
	Role    Role
	Agent   string // the browser's own description
	Created time.Time
	Seen    time.Time
	Ends    time.Time // at the latest
}

// SignIn checks a password and begins a session. A wrong name, a wrong password and a disabled
// user are all ErrSignIn and take equally long.
func (a *Accounts) SignIn(ctx context.Context, user string, password vault.Secret, agent string) (vault.Secret, Session, error) {
	name, nameErr := userName(user)
	var kept string
	var disabled bool
	err := a.vault.Read(ctx, func(r vault.Reader) error {
		_, err := vault.One(ctx, r, `select password, disabled from users where name = $1`, []any{name}, &kept, &disabled)
		return err
	})
	if err != nil {
		return "", Session{}, fmt.Errorf("sign in: %w", err)
	}
	ok, err := a.matches(ctx, password, kept)
	if err != nil {
		return "", Session{}, fmt.Errorf("sign in: %w", err)
	}
	if !ok || disabled || nameErr != nil {
		return "", Session{}, ErrSignIn
	}
	return a.begin(ctx, name, kept, agent)
}

// begin makes a session, unless the user was changed since the password was checked.
func (a *Accounts) begin(ctx context.Context, user, kept, agent string) (vault.Secret, Session, error) {
	token, hash, err := a.token()
	if err != nil {
		return "", Session{}, err
	}
	now := a.vault.Now()
	s := Session{ID: hex.EncodeToString(hash[:8]), User: user, Agent: short(agent), Created: now, Seen: now, Ends: now.Add(SessionLife)}
	err = a.account(ctx, "sign in", user, func(ctx context.Context, tx vault.Tx) error {
		found, err := vault.One(ctx, tx, `select role from users where name = $1 and password = $2 and disabled = 0`, []any{user, kept}, &s.Role)
		if err != nil {
			return err
		}
		if !found {
			return ErrSignIn
		}
		_, err = tx.Exec(ctx, `insert into sessions (id, hash, user_name, agent, created, seen, ends) values ($1, $2, $3, $4, $5, $5, $6)`,
			s.ID, hash, user, s.Agent, vault.Micros(now), vault.Micros(s.Ends))
		return err
	})
	if err != nil {
		return "", Session{}, err
	}
	return token, s, nil
}

const sessionColumns = `select s.id, s.user_name, u.role, s.agent, s.created, s.seen, s.ends
	from sessions s join users u on u.name = s.user_name and u.disabled = 0 `

// Session finds the session of a token: ErrNotFound when there is none, it has ended or its user
// was disabled. The role is the user's at this moment.
func (a *Accounts) Session(ctx context.Context, token vault.Secret) (Session, error) {
	now := a.vault.Now()
	sessions, err := a.sessions(ctx, sessionColumns+`where s.hash = $1 and s.ends > $2 and s.seen > $3`,
		tokenHash(string(token)), vault.Micros(now), vault.Micros(now.Add(-SessionIdle)))
	if err == nil && len(sessions) == 0 {
		err = vault.ErrNotFound
	}
	if err != nil {
		return Session{}, fmt.Errorf("find session: %w", err)
	}
	s := sessions[0]
	if now.Sub(s.Seen) >= touchEvery {
		// A missed touch only shortens the session; a full disk must not lock anyone out.
		_ = a.vault.Write(ctx, func(ctx context.Context, tx vault.Tx) error {
			_, err := tx.Exec(ctx, `update sessions set seen = $2 where id = $1`, s.ID, vault.Micros(now))
			return err
		})
	}
	return s, nil
}

// Sessions lists a user's living sessions, newest first.
func (a *Accounts) Sessions(ctx context.Context, user string) ([]Session, error) {
	now := a.vault.Now()
	return a.sessions(ctx, sessionColumns+`where s.user_name = $1 and s.ends > $2 and s.seen > $3 order by s.created desc, s.id`,
		user, vault.Micros(now), vault.Micros(now.Add(-SessionIdle)))
}

func (a *Accounts) sessions(ctx context.Context, query string, args ...any) ([]Session, error) {
	sessions := []Session{}
	err := a.vault.Read(ctx, func(r vault.Reader) error {
		return vault.Each(ctx, r, query, args, func(rows vault.Rows) error {
			var s Session
			var created, seen, ends int64
			err := rows.Scan(&s.ID, &s.User, &s.Role, &s.Agent, &created, &seen, &ends)
			s.Created, s.Seen, s.Ends = vault.Moment(created), vault.Moment(seen), vault.Moment(ends)
			sessions = append(sessions, s)
			return err
		})
	})
	return sessions, err
}

// EndSession ends one session by its public id; it is no error when it has ended already.
func (a *Accounts) EndSession(ctx context.Context, id string) error {
	return a.account(ctx, "end session", id, func(ctx context.Context, tx vault.Tx) error {
		_, err := tx.Exec(ctx, `delete from sessions where id = $1`, id)
		return err
	})
}

// EndSessions ends all sessions of a user.
func (a *Accounts) EndSessions(ctx context.Context, user string) error {
	return a.account(ctx, "end sessions of", user, func(ctx context.Context, tx vault.Tx) error { return endSessions(ctx, tx, user) })
}

func endSessions(ctx context.Context, tx vault.Tx, user string) error {
	_, err := tx.Exec(ctx, `delete from sessions where user_name = $1`, user)
	return err
}

package vaulttest

import (
	"errors"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/vault"
	"github.com/creatorflow/creatorflow/vault/accounts"
)

func testAccounts(t *testing.T, b *bench) {
	ctx := t.Context()
	link, err := b.MakeLink(ctx, "", accounts.Owner, time.Hour)
	must(t, err)
	if _, err := b.UseLink(ctx, link, "ana", "short"); !refused(err) {
		t.Errorf("a short password: %v, want a refusal", err)
	}
	if _, err := b.UseLink(ctx, link, "", "long enough"); !refused(err) {
		t.Errorf("no name: %v, want a refusal", err)
	}
	name, err := b.UseLink(ctx, link, " ana ", "long enough")
	if err != nil || name != "ana" {
		t.Fatalf("use link: %q, %v", name, err)
	}
	if _, err := b.UseLink(ctx, link, "eve", "long enough"); !errors.Is(err, accounts.ErrLink) {
		t.Errorf("a link used twice: %v, want ErrLink", err)
	}
	old, err := b.MakeLink(ctx, "ana", accounts.Viewer, time.Hour)
	must(t, err)
	if _, err := b.UseLink(ctx, old, "eve", "long enough"); !refused(err) {
		t.Errorf("another's link: %v, want a refusal", err)
	}
	b.now = b.now.Add(time.Hour)
	if _, err := b.UseLink(ctx, old, "ana", "long enough"); !errors.Is(err, accounts.ErrLink) {
		t.Errorf("an expired link: %v, want ErrLink", err)
	}

	for _, wrong := range []struct{ user, password string }{{"ana", "long enougH"}, {"eve", "long enough"}, {"", ""}, {"ana", ""}} {
		if _, _, err := b.SignIn(ctx, wrong.user, vault.Secret(wrong.password), ""); !errors.Is(err, accounts.ErrSignIn) {
			t.Errorf("sign in as %q with %q: %v, want ErrSignIn", wrong.user, wrong.password, err)
		}
	}
	signIn := func() (vault.Secret, accounts.Session) {
		t.Helper()
		token, s, err := b.SignIn(ctx, "ana", "long enough", "a browser")
		must(t, err)
		return token, s
	}
	token, first := signIn()
	b.restart(t)
	found, err := b.Session(ctx, token)
	if err != nil || found.User != "ana" || found.Role != accounts.Owner || found.ID != first.ID || found.Agent != "a browser" {
		t.Fatalf("session %+v, %v", found, err)
	}
	gone := func(token vault.Secret, why string) {
		t.Helper()
		if s, err := b.Session(ctx, token); !errors.Is(err, vault.ErrNotFound) {
			t.Errorf("%s: session %+v, %v; want ErrNotFound", why, s, err)
		}
	}
	gone(vault.Secret(first.ID), "the public id as a token")
	gone("", "no token")
	second, _ := signIn()
	if list, err := b.Sessions(ctx, "ana"); err != nil || len(list) != 2 {
		t.Errorf("sessions: %+v, %v; want 2", list, err)
	}
	must(t, b.EndSession(ctx, first.ID))
	gone(token, "after sign-out")
	if _, err := b.Session(ctx, second); err != nil {
		t.Errorf("the other session: %v", err)
	}
	must(t, b.SetPassword(ctx, "ana", "another one"))
	gone(second, "after a new password")
	must(t, b.SetPassword(ctx, "ana", "long enough"))

	unused, _ := signIn()
	b.now = b.now.Add(accounts.SessionIdle)
	gone(unused, "after being idle")
	used, _ := signIn()
	for range 4 { // kept alive, but not for ever
		b.now = b.now.Add(accounts.SessionIdle - time.Minute)
		if _, err := b.Session(ctx, used); err != nil {
			t.Fatalf("a session in use: %v", err)
		}
	}
	b.now = b.now.Add(accounts.SessionLife - 4*(accounts.SessionIdle-time.Minute))
	gone(used, "at the end of its life")

	must(t, b.PutUser(ctx, "boss", accounts.Owner))
	must(t, b.SetPassword(ctx, "boss", "long enough"))
	disabled, _ := signIn()
	must(t, b.Disable(ctx, "ana", true))
	gone(disabled, "of a disabled user")
	if _, _, err := b.SignIn(ctx, "ana", "long enough", ""); !errors.Is(err, accounts.ErrSignIn) {
		t.Errorf("a disabled user: %v, want ErrSignIn", err)
	}
	must(t, b.Disable(ctx, "ana", false))
	gone(disabled, "after being enabled again")
	demoted, _ := signIn()
	must(t, b.PutUser(ctx, "ana", accounts.Viewer))
	gone(demoted, "after a new role")
	if _, s, err := b.SignIn(ctx, "ana", "long enough", ""); err != nil || s.Role != accounts.Viewer {
		t.Errorf("as a viewer: %+v, %v", s, err)
	}
	must(t, b.Accounts.Purge(ctx, b.now.Add(accounts.SessionLife)))
	if list, err := b.Sessions(ctx, "ana"); err != nil || len(list) != 0 {
		t.Errorf("sessions after a purge: %+v, %v", list, err)
	}
}

func testLastOwner(t *testing.T, b *bench) {
	ctx := t.Context()
	must(t, b.PutUser(ctx, "ana", accounts.Owner))
	must(t, b.PutUser(ctx, "ben", accounts.Viewer))
	if err := b.Disable(ctx, "ana", true); !errors.Is(err, accounts.ErrLast) {
		t.Errorf("disable the last owner: %v, want ErrLast", err)
	}
	if err := b.PutUser(ctx, "ana", accounts.Viewer); !errors.Is(err, accounts.ErrLast) {
		t.Errorf("demote the last owner: %v, want ErrLast", err)
	}
	must(t, b.Disable(ctx, "ben", true))
	if users, err := b.Users(ctx); err != nil || len(users) != 2 || users[0].Disabled || users[0].Role != accounts.Owner || !users[1].Disabled {
		t.Errorf("users %+v, %v", users, err)
	}
	if err := b.Disable(ctx, "nobody", true); !errors.Is(err, vault.ErrNotFound) {
		t.Errorf("disable nobody: %v, want ErrNotFound", err)
	}
	if err := b.PutUser(ctx, "ana", "king"); !refused(err) {
		t.Errorf("an invented role: %v, want a refusal", err)
	}
	if err := b.Remove(ctx, "ana"); !errors.Is(err, accounts.ErrLast) {
		t.Errorf("remove the last owner: %v, want ErrLast", err)
	}
	must(t, b.SetPassword(ctx, "ana", "long enough"))
	_, _, err := b.Invite(ctx, "cem", accounts.Owner, time.Hour)
	must(t, err)
	for name, err := range map[string]error{
		"demoted": b.PutUser(ctx, "ana", accounts.Viewer), "disabled": b.Disable(ctx, "ana", true), "removed": b.Remove(ctx, "ana"),
	} {
		if !errors.Is(err, accounts.ErrLast) {
			t.Errorf("the last owner who has a password is %s beside one who was only invited: %v, want ErrLast", name, err)
		}
	}
	must(t, b.Remove(ctx, "cem")) // who was only invited can go
	if users, err := b.Users(ctx); err != nil || len(users) != 2 || users[0].Role != accounts.Owner || users[0].Disabled {
		t.Errorf("users after the refusals %+v, %v", users, err)
	}
}

func testInvite(t *testing.T, b *bench) {
	ctx := t.Context()
	must(t, b.PutUser(ctx, "ana", accounts.Owner))
	astray, u, err := b.Invite(ctx, " ben ", accounts.Viewer, time.Hour)
	if err != nil || u.Name != "ben" || u.Role != accounts.Viewer || !u.Created.Equal(b.now) {
		t.Fatalf("invited %+v, %v", u, err)
	}
	if _, _, err := b.Invite(ctx, "ana", accounts.Viewer, time.Hour); !errors.Is(err, accounts.ErrTaken) {
		t.Errorf("invite who is there: %v, want ErrTaken", err)
	}
	for _, wrong := range []string{"", "a/b", ".", "..", "x\x00"} {
		if _, _, err := b.Invite(ctx, wrong, accounts.Viewer, time.Hour); !errors.Is(err, accounts.ErrName) {
			t.Errorf("invite %q: %v, want ErrName", wrong, err)
		}
	}
	link, err := b.Relink(ctx, "ben", time.Hour)
	must(t, err)
	if _, err := b.UseLink(ctx, astray, "", "long enough"); !errors.Is(err, accounts.ErrLink) {
		t.Errorf("the link before the newest: %v, want ErrLink", err)
	}
	if users, err := b.Users(ctx); err != nil || len(users) != 2 || users[0].Role != accounts.Owner || users[1].Password || users[1].Sessions != 0 || !users[1].Seen.IsZero() {
		t.Errorf("users before the link was used %+v, %v", users, err)
	}
	other, err := b.MakeLink(ctx, "ben", accounts.Viewer, time.Hour) // as the server prints one, beside it
	must(t, err)
	must(t, b.Disable(ctx, "ben", true))
	if _, err := b.UseLink(ctx, link, "", "long enough"); !refused(err) {
		t.Errorf("a disabled user's link: %v, want a refusal", err)
	}
	must(t, b.Disable(ctx, "ben", false))
	_, err = b.UseLink(ctx, link, "", "long enough")
	must(t, err)
	if _, err := b.UseLink(ctx, other, "", "long enough"); !errors.Is(err, accounts.ErrLink) {
		t.Errorf("another link after the password was set: %v, want ErrLink", err)
	}
	if _, err := b.Relink(ctx, "nobody", time.Hour); !errors.Is(err, vault.ErrNotFound) {
		t.Errorf("a link for nobody: %v, want ErrNotFound", err)
	}
	token, _, err := b.SignIn(ctx, "ben", "long enough", "")
	must(t, err)
	b.now = b.now.Add(time.Hour)
	_, _, err = b.SignIn(ctx, "ben", "long enough", "")
	must(t, err)
	if users, err := b.Users(ctx); err != nil || users[1].Sessions != 2 || !users[1].Seen.Equal(b.now) || users[0].Sessions != 0 {
		t.Errorf("users with sessions %+v, %v", users, err)
	}
	open, err := b.Relink(ctx, "ben", time.Hour)
	must(t, err)
	must(t, b.Remove(ctx, "ben"))
	if _, err := b.Session(ctx, token); !errors.Is(err, vault.ErrNotFound) {
		t.Errorf("the session of a removed user: %v, want ErrNotFound", err)
	}
	if _, err := b.UseLink(ctx, open, "", "long enough"); !errors.Is(err, accounts.ErrLink) {
		t.Errorf("a removed user's link: %v, want ErrLink", err)
	}
	if err := b.Remove(ctx, "ben"); !errors.Is(err, vault.ErrNotFound) {
		t.Errorf("removed twice: %v, want ErrNotFound", err)
	}
}

func testKeys(t *testing.T, b *bench) {
	ctx := t.Context()
	key, made, err := b.MakeKey(ctx, "reporting", accounts.Viewer, []string{"read"}, time.Time{})
	must(t, err)
	if string(key)[:3] != "cf_" || made.Prefix != string(key)[:11] {
		t.Errorf("key %d characters, prefix %q", len(key), made.Prefix)
	}
	b.restart(t)
	if k, err := b.Key(ctx, key); err != nil || k.Name != "reporting" || k.Role != accounts.Viewer || len(k.Scopes) != 1 {
		t.Errorf("key %+v, %v", k, err)
	}
	if keys, err := b.Keys(ctx); err != nil || len(keys) != 1 || !keys[0].Used.Equal(b.now) {
		t.Errorf("keys %+v, %v; want one, used now", keys, err)
	}
	for _, wrong := range []vault.Secret{"", "cf_", vault.Secret(made.Prefix), vault.Secret(made.Prefix + "_"), key + "x", key[:len(key)-1]} {
		if _, err := b.Key(ctx, wrong); !errors.Is(err, vault.ErrNotFound) {
			t.Errorf("a wrong key of %d characters: %v, want ErrNotFound", len(wrong), err)
		}
	}
	short, _, err := b.MakeKey(ctx, "short", accounts.Viewer, nil, b.now.Add(time.Hour))
	must(t, err)
	if k, err := b.Key(ctx, short); err != nil || len(k.Scopes) != 0 {
		t.Errorf("before its end: %+v, %v", k, err)
	}
	b.now = b.now.Add(time.Hour)
	if _, err := b.Key(ctx, short); !errors.Is(err, vault.ErrNotFound) {
		t.Errorf("after its end: %v, want ErrNotFound", err)
	}
	must(t, b.RevokeKey(ctx, made.Prefix))
	if _, err := b.Key(ctx, key); !errors.Is(err, vault.ErrNotFound) {
		t.Errorf("a revoked key: %v, want ErrNotFound", err)
	}
	if err := b.RevokeKey(ctx, made.Prefix); !errors.Is(err, vault.ErrNotFound) {
		t.Errorf("revoked twice: %v, want ErrNotFound", err)
	}
}

func refused(err error) bool {
	var r eventlog.Refusal
	return errors.As(err, &r)
}

package vaulttest

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/vault"
)

func testPeople(t *testing.T, b *bench) {
	ctx := t.Context()
	ana, ben := b.PersonID("k7", "ana"), b.PersonID("k7", "ben")
	if ana == ben || ana != b.PersonID("k7", "ana") || ana == b.PersonID("k", "7ana") {
		t.Errorf("person ids: %s and %s", ana, ben)
	}
	must(t, b.PutPerson(ctx, ana, []byte("Ana, 1 First Street")))
	must(t, b.PutPerson(ctx, ana, []byte("Ana, 2 Second Street")))
	must(t, b.PutPerson(ctx, ben, []byte("Ben")))
	file := bytes.Repeat([]byte("%PDF"), 5000)
	must(t, b.PutLabel(ctx, vault.Label{ID: "l1", Person: ana, Type: "application/pdf", Tracking: "1Z", File: file}))
	must(t, b.PutLabel(ctx, vault.Label{ID: "l1", Person: ana, Type: "application/pdf", Tracking: "2Z", File: []byte("again")}))
	must(t, b.PutLabel(ctx, vault.Label{ID: "l2", Type: "image/png", File: []byte("nobody's")}))
	b.put(t, delivery("of ana", "Ana bought"))
	b.put(t, delivery("of ben", "Ben bought"))
	must(t, b.Mark(ctx, vault.Mark{Number: 1, State: vault.Done, Person: ana}, vault.Mark{Number: 2, State: vault.Done, Person: ben}))
	b.restart(t)
	if got, err := b.Person(ctx, ana); err != nil || string(got) != "Ana, 2 Second Street" {
		t.Errorf("ana: %q, %v", got, err)
	}
	if l, err := b.Label(ctx, "l1"); err != nil || !bytes.Equal(l.File, file) || l.Tracking != "1Z" || l.Person != ana || l.Type != "application/pdf" {
		t.Errorf("label: %d bytes, %q, %v; want the first one", len(l.File), l.Tracking, err)
	}
	if _, err := b.Label(ctx, "l9"); !errors.Is(err, vault.ErrNotFound) {
		t.Errorf("no such label: %v, want ErrNotFound", err)
	}

	must(t, b.Erase(ctx, ana))
	must(t, b.Erase(ctx, ana))
	if b.Erase(ctx, "") == nil {
		t.Error("nobody was erased without an error")
	}
	if got, err := b.Person(ctx, ana); !errors.Is(err, vault.ErrNotFound) {
		t.Errorf("erased: %q, %v; want ErrNotFound", got, err)
	}
	if _, err := b.Label(ctx, "l1"); !errors.Is(err, vault.ErrGone) {
		t.Errorf("label of an erased person: %v, want ErrGone", err)
	}
	if i := b.item(t, 1); i.Body != nil || !i.BodyGone {
		t.Errorf("inbox body of an erased person: %q", i.Body)
	}
	if got, err := b.Person(ctx, ben); err != nil || string(got) != "Ben" {
		t.Errorf("ben: %q, %v", got, err)
	}
	if i := b.item(t, 2); string(i.Body) != "Ben bought" {
		t.Errorf("ben's inbox body: %q", i.Body)
	}
	if l, err := b.Label(ctx, "l2"); err != nil || string(l.File) != "nobody's" {
		t.Errorf("nobody's label: %q, %v", l.File, err)
	}
	must(t, b.PutPerson(ctx, ana, []byte("bought again")))
	if _, err := b.Label(ctx, "l1"); !errors.Is(err, vault.ErrGone) {
		t.Errorf("the label came back with a new key: %v", err)
	}
}

func testSecrets(t *testing.T, b *bench) {
	ctx := t.Context()
	must(t, b.PutSecret(ctx, "app", "a1", []byte("one")))
	must(t, b.PutSecret(ctx, "app", "a1", []byte("one, renewed")))
	must(t, b.PutSecret(ctx, "app", "a2", []byte("two")))
	must(t, b.PutSecret(ctx, "token", "a1", []byte("three")))
	b.restart(t)
	if value, found, err := b.Secret(ctx, "app", "a1"); err != nil || !found || string(value) != "one, renewed" {
		t.Errorf("secret %q, %v, %v", value, found, err)
	}
	if value, found, err := b.Secret(ctx, "app", "a9"); err != nil || found {
		t.Errorf("no such secret: %q, %v, %v", value, found, err)
	}
	all, err := b.Secrets(ctx, "app")
	must(t, err)
	if len(all) != 2 || string(all["a2"]) != "two" {
		t.Errorf("secrets %q", all)
	}
	must(t, b.store.Write(ctx, func(tx vault.Tx) error {
		_, err := tx.Exec(ctx, `update secrets set sealed = (select sealed from secrets where kind = 'app' and id = 'a2') where id = 'a1'`)
		return err
	}))
	if value, _, err := b.Secret(ctx, "app", "a1"); err == nil {
		t.Errorf("a secret moved from another row was served as %q", value)
	}
	must(t, b.DeleteSecret(ctx, "app", "a2"))
	must(t, b.DeleteSecret(ctx, "app", "a2"))
	if _, found, err := b.Secret(ctx, "app", "a2"); err != nil || found {
		t.Errorf("deleted secret: %v, %v", found, err)
	}
	must(t, b.SetCursor(ctx, "poll/k7", "12"))
	must(t, b.SetCursor(ctx, "poll/k7", "13"))
	if value, err := b.Cursor(ctx, "poll/k7"); err != nil || value != "13" {
		t.Errorf("cursor %q, %v", value, err)
	}
	if value, err := b.Cursor(ctx, "none"); err != nil || value != "" {
		t.Errorf("unset cursor %q, %v", value, err)
	}
}

func testMaster(t *testing.T, b *bench) {
	clock := func() time.Time { return b.now }
	if _, err := vault.Open(b.store, vault.Master{9}, vault.Options{Clock: clock}); !errors.Is(err, vault.ErrMaster) {
		t.Errorf("another master key: %v, want ErrMaster", err)
	}
	b.restart(t)
}

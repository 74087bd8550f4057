// Package vaulttest is the contract that every store of the vault passes: the whole vault is
// driven over it, with restarts in between.
package vaulttest

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/creatorflow/creatorflow/vault"
	"github.com/creatorflow/creatorflow/vault/accounts"
)

// Open gives an empty store, and a function that closes it and opens it again. The test's end
// closes whatever is open.
type Open func(t *testing.T) (store vault.Store, reopen func() vault.Store)

// start is when the tests' clock begins.
var start = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)

// bench is a vault under test with a clock that is set by hand.
type bench struct {
	*vault.Vault
	*accounts.Accounts
	store  vault.Store
	reopen func() vault.Store
	now    time.Time
}

func newBench(t *testing.T, open Open) *bench {
	t.Helper()
	b := &bench{now: start}
	b.store, b.reopen = open(t)
	b.open(t)
	return b
}

func (b *bench) open(t tester) {
	t.Helper()
	v, err := vault.Open(b.store, vault.Master{1, 2, 3}, vault.Options{Clock: func() time.Time { return b.now }})
	if err != nil {
		t.Fatal(err)
	}
	b.Vault, b.Accounts = v, accounts.New(v)
}

// restart closes the store and opens vault and store anew.
func (b *bench) restart(t tester) {
	t.Helper()
	b.store = b.reopen()
	b.open(t)
}

// Run runs the contract.
func Run(t *testing.T, open Open) {
	tests := []struct {
		name string
		run  func(t *testing.T, b *bench)
	}{
		{"numbers are dense and survive", testNumbers},
		{"a delivery key counts for 30 days", testDeliveryKey},
		{"marks, pending and lists", testMarks},
		{"retention", testRetention},
		{"a moved body is noticed", testMovedBody},
		{"people and labels", testPeople},
		{"secrets and cursors", testSecrets},
		{"another master key is refused", testMaster},
		{"users, links and sessions", testAccounts},
		{"the last owner stays", testLastOwner},
		{"api keys", testKeys},
		{"the inbox as a model", testModel},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { test.run(t, newBench(t, open)) })
	}
	t.Run("a failing write leaves its neighbours alone", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { testNeighbours(t, newBench(t, open)) })
	})
	t.Run("a write may be given up before its turn", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { testGivenUp(t, newBench(t, open)) })
	})
}

// blocked holds the store's writer until the returned function is called, and gives the writes
// that were begun meanwhile time to queue up. It must be called inside a synctest bubble.
func blocked(b *bench) (release func()) {
	held, free, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		_ = b.store.Write(waiting, func(vault.Tx) error {
			close(held)
			<-free
			return nil
		})
	}()
	<-held
	return func() {
		synctest.Wait()
		close(free)
		<-done
	}
}

// tester is what a test and a case of a model have in common.
type tester interface {
	Helper()
	Context() context.Context
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Fatal(args ...any)
}

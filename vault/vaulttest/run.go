// Package vaulttest is the contract that every store of the vault passes: the whole vault is
// driven over it, with restarts in between.
package vaulttest

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
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
		{"invite and remove", testInvite},
		{"api keys", testKeys},
		{"the inbox as a model", testModel},
		{"text that is none", testText},
		{"a failing write leaves its neighbours alone", testNeighbours},
		{"a write may be given up before its turn", testGivenUp},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { test.run(t, newBench(t, open)) })
	}
}

// gate is a store whose writer can be held.
type gate struct {
	vault.Store
	mu      sync.Mutex
	held    chan struct{} // closed by release; nil while the gate is open
	arrived chan struct{}
}

// shut holds the next writes until release is called. arrived gets a value for each one that came to
// the store, so that what is begun later queues behind it.
func (g *gate) shut() (arrived <-chan struct{}, release func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	held := make(chan struct{})
	g.held, g.arrived = held, make(chan struct{}, 1)
	return g.arrived, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.held = nil
		close(held)
	}
}

// Write implements vault.Store.
func (g *gate) Write(ctx context.Context, do func(tx vault.Tx) error) error {
	g.mu.Lock()
	held, arrived := g.held, g.arrived
	g.mu.Unlock()
	if held != nil {
		arrived <- struct{}{}
		<-held
	}
	return g.Store.Write(ctx, do)
}

// gated is a vault on a gate, and the gate.
func gated(t *testing.T, b *bench) *gate {
	t.Helper()
	g := &gate{Store: b.store}
	b.store = g
	b.open(t)
	return g
}

// lining is the context of a write that tells when the write stands in line: a write looks at its
// context for a place in the queue, and again when it waits for its turn.
type lining struct {
	context.Context
	looks  atomic.Int64
	inLine chan struct{}
}

func newLining(ctx context.Context) *lining {
	return &lining{Context: ctx, inLine: make(chan struct{})}
}

// Done implements context.Context.
func (l *lining) Done() <-chan struct{} {
	if l.looks.Add(1) == 2 {
		close(l.inLine)
	}
	return l.Context.Done()
}

// tester is what a test and a case of a model have in common.
type tester interface {
	Helper()
	Context() context.Context
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Fatal(args ...any)
}

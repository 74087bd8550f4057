package channels

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

const (
	refreshAhead = 5 * time.Minute // a token that ends sooner is refreshed before it is used
	refreshPause = time.Minute     // between refreshes that no refusal asked for
)

// Keeper holds one token pair and refreshes it: one at a time, and the new pair is stored before it is used, because the
// old refresh token is dead by then. Shops that were authorised together share the pair, and must share its keeper.
type Keeper struct {
	store Tokens
	clock func() time.Time
	log   *slog.Logger
	renew func(context.Context, Token) (Token, error)
	turn  chan struct{} // holds one: the refresh that is under way

	dead string // a refresh token that the vendor refused for good; for the holder of the turn

	mu      sync.Mutex // guards all below
	token   Token
	unsaved bool      // the pair could not be stored yet
	tried   time.Time // when the last early refresh was tried
	rounds  int       // refreshes that ended
	failure error     // how the last one ended
}

// NewKeeper makes a keeper; renew asks the vendor for a new pair by the old one's refresh token, in bounded time.
func NewKeeper(store Tokens, clock func() time.Time, log *slog.Logger, renew func(context.Context, Token) (Token, error)) *Keeper {
	return &Keeper{store: store, clock: clock, log: log, renew: renew, turn: make(chan struct{}, 1)}
}

// Current returns a token to use now, refreshed when it is about to end.
func (k *Keeper) Current(ctx context.Context) (Token, error) {
	t, err := k.load(ctx)
	if err != nil || !k.due(t) {
		return t, err
	}
	err = k.Replace(ctx, t.Access)
	if err != nil && k.clock().Before(t.AccessExpires) {
		k.log.WarnContext(ctx, "token not refreshed yet", "error", err)
		return t, nil // it still works
	}
	if err != nil {
		return Token{}, err
	}
	return k.load(ctx)
}

func (k *Keeper) load(ctx context.Context) (Token, error) {
	k.mu.Lock()
	t, ready := k.token, k.token.Access != "" && !k.unsaved
	k.mu.Unlock()
	if ready {
		return t, nil
	}
	if err := k.take(ctx); err != nil {
		return Token{}, err
	}
	defer k.give()
	return k.loadAlone(ctx)
}

// loadAlone reads the stored pair, or stores the one that is not stored yet. The caller has the turn.
func (k *Keeper) loadAlone(ctx context.Context) (Token, error) {
	k.mu.Lock()
	t, unsaved := k.token, k.unsaved
	k.mu.Unlock()
	switch {
	case unsaved:
		if err := k.save(ctx, t); err != nil {
			return Token{}, err
		}
	case t.Access == "":
		stored, err := k.store.Token(ctx)
		if err != nil {
			return Token{}, fmt.Errorf("read the stored token: %w", err)
		}
		if stored.Access == "" && stored.Refresh == "" {
			return Token{}, &Failure{Class: Auth, Call: "read token", Message: "the shop has not been authorised"}
		}
		t = stored
		k.set(t, false)
	}
	return t, nil
}

// Ends is when the refresh token ends, after which a person must authorise again; zero = not known, or not read yet.
func (k *Keeper) Ends() time.Time {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.token.RefreshExpires
}

func (k *Keeper) set(t Token, unsaved bool) {
	k.mu.Lock()
	k.token, k.unsaved = t, unsaved
	k.mu.Unlock()
}

func (k *Keeper) save(ctx context.Context, t Token) error {
	if err := k.store.SetToken(ctx, t); err != nil {
		k.set(t, true)
		return fmt.Errorf("store the new token before it is used: %w", err)
	}
	k.set(t, false)
	return nil
}

// due reports whether a token ends soon; it says so at most once a minute, for tokens that live shorter than that margin.
func (k *Keeper) due(t Token) bool {
	now := k.clock()
	if t.AccessExpires.IsZero() || now.Add(refreshAhead).Before(t.AccessExpires) {
		return false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if since := now.Sub(k.tried); now.Before(t.AccessExpires) && since >= 0 && since < refreshPause {
		return false
	}
	k.tried = now
	return true
}

func (k *Keeper) take(ctx context.Context) error {
	select {
	case k.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (k *Keeper) give() { <-k.turn }

// Replace gets another pair than the one with the access token old. Who waited while one failed shares its failure.
func (k *Keeper) Replace(ctx context.Context, old string) error {
	before, _ := k.ended()
	if err := k.take(ctx); err != nil {
		return err
	}
	defer k.give()
	if rounds, failure := k.ended(); rounds != before && failure != nil {
		return failure
	}
	// From here the caller's patience does not count: the old pair is dead once the vendor has answered.
	err := k.refreshAlone(context.WithoutCancel(ctx), old)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.rounds++
	k.failure = err
	return err
}

func (k *Keeper) ended() (rounds int, failure error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.rounds, k.failure
}

func (k *Keeper) refreshAlone(ctx context.Context, old string) error {
	t, err := k.loadAlone(ctx)
	if err != nil || t.Access != old {
		return err
	}
	stored, err := k.store.Token(ctx)
	if err != nil {
		return fmt.Errorf("read the stored token: %w", err)
	}
	if stored.Access != old && stored.Access != "" { // authorised again, or refreshed by another process
		k.set(stored, false)
		return nil
	}
	if t.Refresh != "" && t.Refresh == k.dead {
		return &Failure{Class: Auth, Call: "refresh token", Message: "refused before: authorise the shop again"}
	}
	fresh, err := k.renew(ctx, t)
	if ClassOf(err) == Auth {
		k.dead = t.Refresh
	}
	if err != nil {
		return err
	}
	if err := k.save(ctx, fresh); err != nil {
		return err
	}
	k.log.InfoContext(ctx, "token refreshed", "until", fresh.AccessExpires)
	return nil
}

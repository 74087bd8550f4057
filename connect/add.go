package connect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/outbound"
	events "github.com/creatorflow/creatorflow/domain/events/shops"
	"github.com/creatorflow/creatorflow/domain/shops"
	"github.com/creatorflow/creatorflow/eventlog"
)

// maxSecrets of an app are valid at once: the newest, and the one that is being rotated out.
const maxSecrets = 2

// What cannot be added.
const (
	ErrNoApp  = eventlog.Refusal("There is no such app. Add the vendor's app key and secret first.")
	ErrNoKey  = eventlog.Refusal("An app needs the vendor's app key and app secret.")
	ErrNoShop = eventlog.Refusal("The shop has no id: authorise it again.")
)

// AddApp keeps an app's credentials. The same channel and key again finds the app: new secrets go
// before the old one, which stays valid beside the newest, and URLs that are given replace the old.
func (r *Registry) AddApp(ctx context.Context, app channels.App) (channels.App, error) {
	v, ok := r.vendors[app.Channel]
	if !ok {
		return channels.App{}, eventlog.Refusal(fmt.Sprintf("There is no channel %q. There is: %s.", app.Channel, r.channelNames()))
	}
	app.Secrets = slices.DeleteFunc(slices.Clone(app.Secrets), func(s string) bool { return s == "" })
	if app.Key == "" || len(app.Secrets) == 0 && !v.Secret.Optional {
		return channels.App{}, ErrNoKey
	}
	app.BaseURL, app.AuthURL = strings.TrimSuffix(app.BaseURL, "/"), strings.TrimSuffix(app.AuthURL, "/")
	if _, err := outbound.NewClient(r.hosts(app)...); err != nil {
		return channels.App{}, eventlog.Refusal(fmt.Sprintf("The app's address cannot be used: %v.", err))
	}
	if err := r.take(ctx); err != nil {
		return channels.App{}, err
	}
	defer r.give()
	app, err := r.known(app)
	if err != nil {
		return channels.App{}, err
	}
	if old, ok := r.App(app.Channel, app.ID); ok && reflect.DeepEqual(old, app) {
		return app, nil // what its connectors have learned stays
	}
	record := appRecord{Channel: app.Channel, Key: app.Key, BaseURL: app.BaseURL, AuthURL: app.AuthURL, Secrets: app.Secrets}
	if err := put(ctx, r.vault, appKind, app.ID, record); err != nil {
		return channels.App{}, fmt.Errorf("add app: %w", err)
	}
	return app, r.putApp(app.ID, app)
}

// known completes an app with what is kept of it, or gives it an id.
func (r *Registry) known(app channels.App) (channels.App, error) {
	r.mu.RLock()
	for _, old := range r.apps {
		if old.Channel != app.Channel || old.Key != app.Key {
			continue
		}
		app.ID = old.ID
		if app.BaseURL == "" {
			app.BaseURL = old.BaseURL
		}
		if app.AuthURL == "" {
			app.AuthURL = old.AuthURL
		}
		for _, s := range old.Secrets {
			if !slices.Contains(app.Secrets, s) {
				app.Secrets = append(app.Secrets, s)
			}
		}
	}
	r.mu.RUnlock()
	app.Secrets = app.Secrets[:min(len(app.Secrets), maxSecrets)]
	if app.ID != "" {
		return app, nil
	}
	var err error
	app.ID, err = r.freshID(func(id string) error {
		if _, used := r.App(app.Channel, id); used {
			return errUsed
		}
		return nil
	})
	return app, err
}

// AddShop keeps a shop's token pair and opens its connector. A shop that was connected before keeps
// its connection id. It says shops.Connected, so the log must be running.
func (r *Registry) AddShop(ctx context.Context, app channels.App, token channels.Token, s channels.Connection) (channels.Connection, error) {
	added, err := r.addShops(ctx, app.ID, token, []channels.Connection{s})
	if err != nil {
		return channels.Connection{}, err
	}
	return added[0], nil
}

// Authorize adds every shop that opens with what the seller gave, such as the code of their consent. A name
// is what to call the shop, or begins each one's name when there are several; empty = as the channel
// calls it.
func (r *Registry) Authorize(ctx context.Context, appID string, given channels.Grant, name string) ([]channels.Connection, error) {
	r.mu.RLock()
	app, ok := r.apps[appID]
	o := r.opening(app)
	r.mu.RUnlock()
	if !ok {
		return nil, ErrNoApp
	}
	v := r.vendors[app.Channel]
	if err := given.Check(v.Grant); err != nil {
		return nil, refusal(err)
	}
	token, found, err := v.Authorize(ctx, o, given)
	if err != nil {
		return nil, fmt.Errorf("authorise: %w", err)
	}
	for i := range found {
		switch {
		case name != "" && len(found) == 1:
			found[i].Name = name
		case name != "":
			found[i].Name = name + " · " + found[i].Name
		}
	}
	return r.addShops(ctx, appID, token, found)
}

// addShops adds shops that share one token pair: refreshing it for one would else end the others'.
func (r *Registry) addShops(ctx context.Context, appID string, token channels.Token, list []channels.Connection) ([]channels.Connection, error) {
	if err := r.take(ctx); err != nil {
		return nil, err
	}
	defer r.give()
	r.mu.RLock()
	app, ok := r.apps[appID]
	r.mu.RUnlock()
	if !ok {
		return nil, ErrNoApp
	}
	pair, err := r.freshID(func(string) error { return nil })
	if err != nil {
		return nil, err
	}
	pair = app.ID + "-" + pair
	if err := (drawer{vault: r.vault, id: pair}).SetToken(ctx, token); err != nil {
		return nil, fmt.Errorf("add shop: %w", err)
	}
	var added []channels.Connection
	for _, c := range list {
		c.App, c.Channel = app.ID, app.Channel
		if err := r.addShop(ctx, &c, pair); err != nil {
			return added, fmt.Errorf("add shop %s: %w", c.ShopID, err)
		}
		added = append(added, c)
		if err := r.Subscribe(ctx, c.ID, true); err != nil { // the poll finds what webhooks would bring, and tries again
			r.o.Log.WarnContext(ctx, "webhooks not set up yet", "connection", c.ID, "error", err)
		}
	}
	return added, nil
}

func (r *Registry) addShop(ctx context.Context, c *channels.Connection, pair string) error {
	if c.ShopID == "" {
		return ErrNoShop
	}
	r.mu.RLock()
	c.ID = r.byShop[[2]string{c.Channel, c.ShopID}]
	old := ""
	if c.ID != "" {
		old = r.shops[c.ID].token
	}
	r.mu.RUnlock()
	if c.ID == "" {
		var err error
		if c.ID, err = r.freshID(func(id string) error { return r.unused(ctx, id) }); err != nil {
			return err
		}
	}
	record := shopRecord{App: c.App, Channel: c.Channel, ShopID: c.ShopID, Name: c.Name, Cipher: c.Cipher, Extra: c.Extra, Token: pair}
	if err := put(ctx, r.vault, shopKind, c.ID, record); err != nil {
		return err
	}
	// Known before it is said: were saying it to fail, the next try must find this connection.
	if err := r.putShop(shop{Connection: *c, token: pair}); err != nil {
		return err
	}
	if old != "" && r.leave(old) {
		if err := r.vault.DeleteSecret(ctx, tokenKind, old); err != nil {
			r.o.Log.WarnContext(ctx, "old token not deleted yet", "connection", c.ID, "error", err)
		}
	}
	return r.say(ctx, *c)
}

// leave forgets the keeper of a pair that no shop uses any more, and says whether there is none.
func (r *Registry) leave(pair string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.shops {
		if s.token == pair {
			return false
		}
	}
	delete(r.keepers, pair)
	return true
}

// unused says that no connection ever had the id: a removed one lives on in the log.
func (r *Registry) unused(ctx context.Context, id string) error {
	if _, used := r.Connector(id); used {
		return errUsed
	}
	state, err := r.log.Fold(ctx, shops.Connecting().Fold(events.Connection(r.o.Workspace, id)))
	if err == nil && state.Version > 0 {
		err = errUsed
	}
	return err
}

// idLetters leave out what is easily misread.
const idLetters = "abcdefghjkmnpqrstuvwxyz23456789"

// freshID makes a short random id, another one while it was used before.
func (r *Registry) freshID(check func(id string) error) (string, error) {
	for {
		var raw [6]byte
		if _, err := io.ReadFull(r.o.Rand, raw[:]); err != nil {
			return "", fmt.Errorf("make an id: %w", err)
		}
		for i := range raw {
			raw[i] = idLetters[int(raw[i])%len(idLetters)]
		}
		err := check(string(raw[:]))
		switch {
		case err == nil:
			return string(raw[:]), nil
		case !errors.Is(err, errUsed):
			return "", fmt.Errorf("make an id: %w", err)
		}
	}
}

func (r *Registry) take(ctx context.Context) error {
	select {
	case r.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *Registry) give() { <-r.turn }

package hub

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/doctor"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/vault"
	"github.com/creatorflow/creatorflow/vault/accounts"
)

// socketName is the Unix socket in the data folder (mode 0600) through which the owner's commands
// reach a running hub.
const socketName = "socket"

// ConnectShop asks to connect a shop with what the seller gave, such as the code of their consent.
type ConnectShop struct {
	Channel string         `json:"channel"`
	Name    string         `json:"name"`
	BaseURL string         `json:"base_url"`
	AuthURL string         `json:"auth_url"`
	Key     string         `json:"key"`
	Secret  string         `json:"secret"`
	Given   channels.Grant `json:"given"`
}

// Connected is the answer to ConnectShop.
type Connected struct {
	App      string                `json:"app"`
	Shops    []channels.Connection `json:"shops"`
	Verify   string                `json:"verify,omitzero"` // to enter beside the webhook address at the channel, where it wants one
	Webhooks string                `json:"webhooks"`        // where the channel was told to send them; empty = nowhere, the hub polls
}

// MakeKey asks for an API key that lives so many days.
type MakeKey struct {
	Name string        `json:"name"`
	Role accounts.Role `json:"role"`
	Days int           `json:"days"`
}

// Admin is the way of the owner's commands into a hub, running or not.
type Admin struct {
	client *http.Client
	close  func() error
}

// Reach finds the hub that runs on a folder, else opens the folder for this process.
func Reach(ctx context.Context, o Options) (*Admin, error) {
	path := filepath.Join(o.Data, socketName)
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}
	client := &http.Client{Transport: &http.Transport{DialContext: dial}}
	if c, err := dial(ctx, "", ""); err == nil {
		return &Admin{client: client, close: func() error { client.CloseIdleConnections(); return nil }}, c.Close()
	}
	h, err := Open(ctx, o)
	if err != nil {
		return nil, err
	}
	listener, err := h.listenSocket(ctx)
	if err != nil {
		return nil, errors.Join(err, h.Close())
	}
	ctx, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() {
		done <- Together(ctx, h.Log.Run, h.Projections.Run, func(ctx context.Context) error { return h.serveSocket(ctx, listener) })
	}()
	return &Admin{client: client, close: func() error {
		client.CloseIdleConnections()
		stop()
		err := <-done
		if errors.Is(err, context.Canceled) {
			err = nil
		}
		return errors.Join(err, h.Close())
	}}, nil
}

// Close lets go of the hub, or of the folder.
func (a *Admin) Close() error { return a.close() }

// Connect connects a shop.
func (a *Admin) Connect(ctx context.Context, c ConnectShop) (Connected, error) {
	return ask[Connected](ctx, a, "connect", c)
}

// Examine asks the doctor about one connection, or about all when it names none. Take first has webhooks that go elsewhere
// sent to this hub.
type Examine struct {
	Connection string `json:"connection"`
	Take       bool   `json:"take"`
}

// Doctor examines connections.
func (a *Admin) Doctor(ctx context.Context, e Examine) ([]doctor.Report, error) {
	return ask[[]doctor.Report](ctx, a, "doctor", e)
}

// Key makes an API key; it is shown this once.
func (a *Admin) Key(ctx context.Context, m MakeKey) (string, error) {
	return ask[string](ctx, a, "key/make", m)
}

// Keys lists the API keys.
func (a *Admin) Keys(ctx context.Context) ([]accounts.APIKey, error) {
	return ask[[]accounts.APIKey](ctx, a, "key/list", nil)
}

// Revoke ends an API key, named by its prefix.
func (a *Admin) Revoke(ctx context.Context, prefix string) error {
	_, err := ask[any](ctx, a, "key/revoke", prefix)
	return err
}

// MakeLink asks for a one-time link. Address is the hub's in the link; empty = where the hub is found.
type MakeLink struct {
	Name    string        `json:"name"`
	Role    accounts.Role `json:"role"`
	Address string        `json:"address"`
}

// Link makes a one-time link with which a user sets a password; using it makes the user, with the
// role, when there is none.
func (a *Admin) Link(ctx context.Context, m MakeLink) (string, error) {
	return ask[string](ctx, a, "user/link", m)
}

// Users lists the users.
func (a *Admin) Users(ctx context.Context) ([]accounts.User, error) {
	return ask[[]accounts.User](ctx, a, "user/list", nil)
}

// SetRole gives a user another role. The user is signed out everywhere, open screens included.
func (a *Admin) SetRole(ctx context.Context, name string, role accounts.Role) error {
	_, err := ask[any](ctx, a, "user/role", accounts.User{Name: name, Role: role})
	return err
}

// Disable keeps a user out from now on, open screens included, or lets the user in again.
func (a *Admin) Disable(ctx context.Context, name string, disabled bool) error {
	_, err := ask[any](ctx, a, "user/disable", accounts.User{Name: name, Disabled: disabled})
	return err
}

// Rebuild builds the views anew and switches to them; it returns the position they stand at.
func (a *Admin) Rebuild(ctx context.Context) (eventlog.Position, error) {
	return ask[eventlog.Position](ctx, a, "rebuild", nil)
}

func (h *Hub) admin() http.Handler {
	mux := http.NewServeMux()
	answer(mux, "connect", h.connectShop)
	answer(mux, "doctor", h.examine)
	answer(mux, "older", h.readOlder)
	answer(mux, "payments", h.comparePayments)
	answer(mux, "labels/set", h.setLabels)
	answer(mux, "key/make", func(ctx context.Context, m MakeKey) (string, error) {
		key, _, err := h.Accounts.MakeKey(ctx, m.Name, m.Role, nil, h.o.Clock().AddDate(0, 0, m.Days))
		return string(key), err
	})
	answer(mux, "key/list", func(ctx context.Context, _ any) ([]accounts.APIKey, error) { return h.Accounts.Keys(ctx) })
	answer(mux, "key/revoke", func(ctx context.Context, prefix string) (any, error) {
		err := h.Accounts.RevokeKey(ctx, prefix)
		if errors.Is(err, vault.ErrNotFound) {
			err = eventlog.Refusal(fmt.Sprintf("There is no API key with the prefix %q: creatorflow key list shows them.", prefix))
		}
		if err == nil {
			screens{h}.SignOut("key:"+prefix, "")
		}
		return nil, err
	})
	answer(mux, "user/list", func(ctx context.Context, _ any) ([]accounts.User, error) { return h.Accounts.Users(ctx) })
	answer(mux, "user/link", h.makeLink)
	answer(mux, "user/role", func(ctx context.Context, u accounts.User) (any, error) {
		return nil, h.changeUser(ctx, u.Name, func(before accounts.User) (bool, error) {
			return before.Role != u.Role, h.Accounts.PutUser(ctx, u.Name, u.Role)
		})
	})
	answer(mux, "user/disable", func(ctx context.Context, u accounts.User) (any, error) {
		return nil, h.changeUser(ctx, u.Name, func(accounts.User) (bool, error) {
			return u.Disabled, h.Accounts.Disable(ctx, u.Name, u.Disabled)
		})
	})
	answer(mux, "rebuild", func(ctx context.Context, _ any) (eventlog.Position, error) {
		err := h.Projections.Rebuild(ctx)
		return h.Projections.Position(), err
	})
	return mux
}

// errUser refuses to change somebody who is not there.
const errUser = eventlog.Refusal("There is no such user. The names are shown by: creatorflow user list")

// changeUser changes a user who is there, and cuts off the screens that are open with the old rights:
// a change of either kind has ended their sessions.
func (h *Hub) changeUser(ctx context.Context, name string, change func(before accounts.User) (ends bool, err error)) error {
	users, err := h.Accounts.Users(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(users, func(u accounts.User) bool { return u.Name == name })
	if i < 0 {
		return errUser
	}
	ends, err := change(users[i])
	if err == nil && ends {
		screens{h}.SignOut("user:"+name, "")
	}
	return err
}

// usualAddress is where serve listens when nothing else is said.
const usualAddress = "http://127.0.0.1:8080"

func (h *Hub) makeLink(ctx context.Context, m MakeLink) (string, error) {
	if m.Address == "" {
		m.Address, _ = h.address.Load().(string) // not stored when nobody serves
	}
	token, err := h.Accounts.MakeLink(ctx, m.Name, m.Role, accounts.LinkLife)
	return cmp.Or(m.Address, usualAddress) + "/setup?token=" + string(token), err
}

func (h *Hub) connectShop(ctx context.Context, c ConnectShop) (Connected, error) {
	if h.o.Host != nil || h.guest.Load() != nil {
		return Connected{}, errIsDemo
	}
	app, err := h.Shops.AddApp(ctx, channels.App{
		Channel: c.Channel, Key: c.Key, Secrets: []string{c.Secret}, BaseURL: c.BaseURL, AuthURL: c.AuthURL,
	})
	if err != nil {
		return Connected{}, err
	}
	shops, err := h.Shops.Authorize(ctx, app.ID, c.Given, c.Name)
	done := Connected{App: app.ID, Shops: shops, Verify: h.Shops.VerifyToken(c.Channel, app.ID)}
	if len(shops) > 0 && h.Shops.Refused(shops[0].ID) == "" {
		done.Webhooks = h.Shops.WebhookAddress(shops[0])
	}
	return done, err
}

// checkSocket refuses a folder whose socket would have a longer name than the system takes.
func checkSocket(dir string) error {
	const most = 107 // bytes, on Linux
	dir, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("open the data folder: %w", err)
	}
	if room := most - len("/"+socketName); len(dir) > room {
		return fmt.Errorf("the data folder %s has a path of %d bytes and its socket leaves room for %d: choose a shorter one with --data", dir, len(dir), room)
	}
	return nil
}

// listenSocket makes the folder's socket; the folder is ours, so an old one is of a killed process.
func (h *Hub) listenSocket(ctx context.Context) (net.Listener, error) {
	path := filepath.Join(h.folder.Dir(), socketName)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("remove an old socket: %w", err)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("listen on the folder's socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("guard the folder's socket: %w", err), listener.Close())
	}
	return listener, nil
}

// serveSocket answers the owner's commands on the folder's socket.
func (h *Hub) serveSocket(ctx context.Context, listener net.Listener) error {
	server := &http.Server{Handler: h.admin(), ReadHeaderTimeout: 5 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() }) // there is nothing to drain
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the folder's socket: %w", err)
	}
	return ctx.Err()
}

// answer mounts a command: JSON in, JSON out, an error as plain text.
func answer[In, Out any](mux *http.ServeMux, name string, do func(context.Context, In) (Out, error)) {
	mux.HandleFunc("POST /"+name, func(w http.ResponseWriter, r *http.Request) {
		var in In
		if err := json.NewDecoder(io.LimitReader(r.Body, 1<<20)).Decode(&in); err != nil {
			http.Error(w, "unreadable command: "+err.Error(), http.StatusBadRequest)
			return
		}
		out, err := do(r.Context(), in)
		if err != nil {
			http.Error(w, err.Error(), http.StatusConflict)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(out) // a caller that went away has no use for it
	})
}

func ask[Out any](ctx context.Context, a *Admin, name string, in any) (out Out, err error) {
	body, err := json.Marshal(in)
	if err != nil {
		return out, fmt.Errorf("encode %s: %w", name, err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://hub/"+name, bytes.NewReader(body))
	if err != nil {
		return out, fmt.Errorf("make %s: %w", name, err)
	}
	response, err := a.client.Do(request)
	if err != nil {
		return out, fmt.Errorf("ask the hub for %s: %w", name, err)
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return out, fmt.Errorf("read the hub's answer to %s: %w", name, err)
	}
	if response.StatusCode != http.StatusOK {
		return out, errors.New(string(bytes.TrimSpace(text)))
	}
	if err := json.Unmarshal(text, &out); err != nil {
		return out, fmt.Errorf("decode the hub's answer to %s: %w", name, err)
	}
	return out, nil
}

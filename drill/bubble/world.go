package bubble

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	"github.com/creatorflow/creatorflow/domain/shops"
	"github.com/creatorflow/creatorflow/drill"
	"github.com/creatorflow/creatorflow/eventlog/ids"
	"github.com/creatorflow/creatorflow/hub"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/vault/accounts"
)

// Shop is the id of the one simulated shop.
const Shop = "7490000000000000042"

const (
	appKey     = "drillappkey"
	appSecret  = "drill-app-secret-of-the-simulator"
	hubPort    = 8080
	marketPort = 9090
	patience   = 3 * time.Second  // of whoever posts to the hub
	pace       = time.Millisecond // between two commits of the views
)

// Options of a World.
type Options struct {
	Dir    string           // for the data folders; the caller's to remove
	Seed   uint64           // of the shop's faults and of the network's
	Market tiktoksim.Config // its key, secret, seed, client and webhook address are set here
	SKUs   []SKU
	Poll   time.Duration // of the hub, between reconciling polls
	Public bool          // the hub tells other vendors where their webhooks go
	Unsent float64       // share of the hub's requests that never arrive and get no answer
	// Hooks takes the shop's webhooks; nil passes each to Post.
	Hooks func(Webhook) (status int)
	Log   *slog.Logger  // of the hub
	Audit time.Duration // between the hub's comparisons of its views with its log; 0 = 6 hours: each minute, as outside, would take most of a drill's time
}

// SKU is one that the shop sells.
type SKU struct {
	Name    string
	Listing string
	Listed  int // at the shop
}

// Webhook is one delivery as the shop sends it.
type Webhook struct {
	Header http.Header
	Body   []byte
}

// World is a hub and a shop. One goroutine drives it; webhooks and commands come from others.
type World struct {
	Sim *tiktoksim.Sim

	o      Options
	net    *network
	client *http.Client // towards the hub
	skew   atomic.Int64 // of the hub's clock
	life   atomic.Pointer[life]
	rng    *rand.Rand
	dice   sync.Mutex // guards rng
	lives  int
	keys   *ids.Source // of commands: package uuid's own never go back, and each world begins at the same time

	connection string
	webhooks   string // path
	app        string
	token      string

	mu       sync.Mutex         // guards all below
	acked    map[[32]byte]bool  // by the hash of the body, as the inbox keeps it
	commands []uuid.UUID        // answered with 200
	moved    map[movement]int64 // units, by them
	lowest   drill.Agreement    // on the way

	placed []string // orders, by the shop's id
	ends   []func() error
}

// movement is what a command does to a SKU's stock.
type movement struct{ command, sku string }

const (
	receive = "receive-stock"
	adjust  = "adjust-stock"
)

// life is one run of the hub, between a start and a crash or the end.
type life struct {
	hub  *hub.Hub
	dir  string
	cut  atomic.Bool // nothing goes in or out any more
	stop context.CancelFunc
	done chan error
}

// Folder makes a temporary one, in memory where the system has such a place: what a disk keeps is not
// proven here.
func Folder() (dir string, err error) {
	if dir, err = os.MkdirTemp("/dev/shm", "creatorflow-drill-"); err != nil {
		dir, err = os.MkdirTemp("", "creatorflow-drill-")
	}
	if err != nil {
		return "", fmt.Errorf("make a folder for the drill: %w", err)
	}
	return dir, nil
}

// Open makes the shop and the first hub, connects the two and makes an API key. Close ends it.
func Open(ctx context.Context, o Options) (w *World, err error) {
	w = &World{
		o: o, net: newNetwork(), rng: rand.New(rand.NewPCG(o.Seed, 11)), acked: map[[32]byte]bool{},
		moved: map[movement]int64{}, keys: ids.New(time.Now),
	}
	w.client = &http.Client{Transport: &http.Transport{DialContext: w.net.dial, MaxIdleConnsPerHost: 128}}
	if w.o.Hooks == nil {
		w.o.Hooks = w.Post
	}
	w.openMarket(ctx)
	if err := w.Start(ctx); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	if err := w.connect(ctx); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

func (w *World) openMarket(ctx context.Context) {
	c := w.o.Market
	c.AppKey, c.AppSecret, c.Seed, c.Look = appKey, appSecret, w.o.Seed, time.Hour
	c.Client = &http.Client{Transport: hookTransport{w}}
	w.Sim = tiktoksim.New(c)
	w.Sim.AddShop(tiktoksim.Shop{ID: Shop, Name: "Drill shop", Region: "GB", Currency: "GBP"})
	for i, k := range w.o.SKUs {
		// A fresh simulator takes any product; a refusal here would be a bug of the drill's own.
		if _, err := w.Sim.AddProduct(Shop, tiktoksim.Product{Title: k.Name, SKUs: []tiktoksim.SKU{
			{ID: k.Listing, SellerSKU: k.Name, Price: fmt.Sprintf("%d.99", 1+i%40), Quantity: k.Listed},
		}}); err != nil {
			panic("bubble: " + err.Error())
		}
	}
	w.Join(ctx, marketPort, w.Sim.Handler(), w.Sim.Run)
}

// Join puts another vendor into the world, at a port of 127.0.0.1, and runs it until Close.
func (w *World) Join(ctx context.Context, port int, vendor http.Handler, run func(context.Context) error) {
	server := &http.Server{Handler: vendor, ReadHeaderTimeout: time.Minute, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	l := w.net.listen(port)
	var parts sync.WaitGroup
	ctx, stop := context.WithCancel(ctx)
	parts.Go(func() { _ = server.Serve(l) }) // until it is closed
	parts.Go(func() { _ = run(ctx) })        // until ctx ends
	w.ends = append(w.ends, func() error {
		stop()
		err := server.Close()
		parts.Wait()
		return err
	})
}

// Client is another vendor's way to the hub.
func (w *World) Client() *http.Client { return w.client }

func (w *World) connect(ctx context.Context) error {
	h := w.Hub()
	market := "http://127.0.0.1:" + strconv.Itoa(marketPort)
	app, err := h.Shops.AddApp(ctx, channels.App{Channel: "tiktok", Key: appKey, Secrets: []string{appSecret}, BaseURL: market, AuthURL: market})
	if err != nil {
		return err
	}
	w.app = app.ID
	added, err := w.authorise(ctx)
	if err != nil {
		return err
	}
	w.connection, w.webhooks = added[0].ID, "/webhooks/tiktok/"+app.ID
	if err := w.Sim.SetWebhookURL(Shop, w.address()+w.webhooks); err != nil {
		return err
	}
	key, _, err := h.Accounts.MakeKey(ctx, "drill", accounts.Owner, nil, time.Time{})
	w.token = string(key)
	return err
}

func (w *World) authorise(ctx context.Context) ([]channels.Connection, error) {
	return w.Hub().Shops.Authorize(ctx, w.app, channels.Grant{"code": w.Sim.AuthCode(Shop)}, "Drill shop")
}

// Authorise is a person who does what the channels page asks for where the hub has no token any more, and says whether it did: a hub that
// ends between the vendor's answer to a refresh and the vault has a token that is used up, and the new one nobody has.
func (w *World) Authorise(ctx context.Context) (asked bool, err error) {
	h := w.Hub()
	if err := h.Projections.WaitFor(ctx, h.Log.Head().Position); err != nil {
		return false, err
	}
	err = h.Views.Read(ctx, func(r projection.Reader) error {
		rows, err := shops.List(ctx, r)
		for _, row := range rows {
			asked = asked || row.Failing == 1 && strings.HasPrefix(row.Mend, "Connect the shop again.")
		}
		return err
	})
	if err == nil && asked {
		_, err = w.authorise(ctx)
	}
	return asked, err
}

func (w *World) address() string { return "http://127.0.0.1:" + strconv.Itoa(hubPort) }

// Hub is the one that runs, or the last one.
func (w *World) Hub() *hub.Hub { return w.life.Load().hub }

// Connection is the id of the shop at the hub.
func (w *World) Connection() string { return w.connection }

// SetClock sets the hub's clock off from the world's.
func (w *World) SetClock(off time.Duration) { w.skew.Store(int64(off)) }

func (w *World) clock() time.Time { return time.Now().Add(time.Duration(w.skew.Load())) }

// Start runs a hub on the data folder and waits until it is ready.
func (w *World) Start(ctx context.Context) error {
	w.lives++
	l := &life{dir: filepath.Join(w.o.Dir, "data-"+strconv.Itoa(w.lives)), done: make(chan error, 1)}
	ctx, l.stop = context.WithCancel(ctx)
	public := ""
	if w.o.Public {
		public = w.address()
	}
	h, err := hub.Open(ctx, hub.Options{
		Public: public, Data: l.dir, Clock: w.clock, Log: w.o.Log, Poll: w.o.Poll, Audit: cmp.Or(w.o.Audit, 6*time.Hour), Unwatched: true,
		// Time goes on only when all else is done: so the views take in what a moment brought by one commit.
		Watch:  func(projection.Notice) { _ = Sleep(ctx, pace) },
		Rand:   rand.NewChaCha8(sha256.Sum256(fmt.Appendf(nil, "hub %d of seed %d", w.lives, w.o.Seed))),
		Client: &http.Client{Timeout: time.Minute, Transport: &way{world: w, life: l, next: &http.Transport{DialContext: w.net.dial, MaxIdleConnsPerHost: 64}}},
	})
	if err != nil {
		l.stop()
		return fmt.Errorf("start hub %d: %w", w.lives, err)
	}
	l.hub = h
	w.life.Store(l)
	listener := w.net.listen(hubPort)
	go func() { l.done <- h.Run(ctx, listener) }()
	go w.note(ctx, h)
	return h.Ready(ctx)
}

// Crash stops the hub without warning: its files stay as they are at this moment, what was under way
// is not ended, what was not answered never will be. The next Start goes on with the files.
func (w *World) Crash() error {
	l := w.life.Load()
	synctest.Wait() // between two of its steps, and never within one: then its files are what a crash leaves
	l.cut.Store(true)
	next := filepath.Join(w.o.Dir, "data-"+strconv.Itoa(w.lives+1))
	if err := copyFolder(l.dir, next); err != nil {
		return fmt.Errorf("keep what the crash left: %w", err)
	}
	if err := l.end(); err != nil {
		return err
	}
	return os.RemoveAll(l.dir)
}

func (l *life) end() error {
	l.stop()
	err := <-l.done
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	return errors.Join(err, l.hub.Close())
}

// Stop ends the hub in order; its stores stay open for Judge and Dump until Close.
func (w *World) Stop() error {
	l := w.life.Load()
	l.stop()
	if err := <-l.done; !errors.Is(err, context.Canceled) {
		return fmt.Errorf("the hub ended with %w", err)
	}
	l.done <- context.Canceled
	return nil
}

// Close ends everything.
func (w *World) Close() error {
	var errs []error
	if l := w.life.Load(); l != nil && !l.cut.Swap(true) {
		errs = append(errs, l.end())
	}
	w.client.CloseIdleConnections()
	for _, end := range w.ends {
		errs = append(errs, end())
	}
	return errors.Join(errs...)
}

func copyFolder(from, to string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	if err := os.Mkdir(to, 0o700); err != nil {
		return err
	}
	for _, e := range entries {
		if !e.Type().IsRegular() || strings.HasSuffix(e.Name(), "-shm") { // SQLite's index of the WAL is memory
			continue
		}
		if err := copyFile(filepath.Join(from, e.Name()), filepath.Join(to, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

func copyFile(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }() // it was only read
	target, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source) // within the kernel
	return errors.Join(err, target.Close())
}

// way is the hub's way to the shop. A hub that crashed says nothing more.
type way struct {
	world *World
	life  *life
	next  *http.Transport
}

// RoundTrip implements http.RoundTripper.
func (t *way) RoundTrip(r *http.Request) (*http.Response, error) {
	if t.life.cut.Load() {
		return nil, errRefused
	}
	if t.world.roll(t.world.o.Unsent) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	return t.next.RoundTrip(r)
}

// CloseIdleConnections lets http.Client end what is kept open.
func (t *way) CloseIdleConnections() { t.next.CloseIdleConnections() }

func (w *World) roll(p float64) bool {
	if p <= 0 {
		return false
	}
	w.dice.Lock()
	defer w.dice.Unlock()
	return w.rng.Float64() < p
}

// SetUnsent sets the share of the hub's requests that get lost from now on.
func (w *World) SetUnsent(p float64) {
	w.dice.Lock()
	defer w.dice.Unlock()
	w.o.Unsent = p
}

// hookTransport is the shop's way to the hub.
type hookTransport struct{ world *World }

// RoundTrip implements http.RoundTripper.
func (t hookTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	status := t.world.o.Hooks(Webhook{Header: r.Header.Clone(), Body: body})
	return &http.Response{StatusCode: status, Body: http.NoBody, Header: http.Header{}, Request: r}, nil
}

// Post delivers a webhook to the hub and notes what got the 200 that the hub must keep. A hub that is
// not there answers 503.
func (w *World) Post(d Webhook) (status int) {
	status, _ = w.send(http.MethodPost, w.webhooks, d.Header, d.Body)
	if status != http.StatusOK {
		return status
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.acked[sha256.Sum256(d.Body)] = true
	return status
}

// Get asks the hub for a page of its API and says what it answered.
func (w *World) Get(path string) (status int) {
	status, _ = w.Page(path)
	return status
}

// Page is Get with what the page says.
func (w *World) Page(path string) (status int, body []byte) {
	return w.send(http.MethodGet, path, http.Header{"Authorization": {"Bearer " + w.token}}, nil)
}

// Ask sends a body to the hub's API, once, and says what it answered.
func (w *World) Ask(method, path string, body any) (status int, answer []byte) {
	text, err := json.Marshal(body)
	if err != nil {
		panic("bubble: " + err.Error()) // a type of ours
	}
	return w.send(method, path, http.Header{"Authorization": {"Bearer " + w.token}, "Content-Type": {"application/json"}}, text)
}

// Acked is how many webhooks and how many commands were acknowledged so far.
func (w *World) Acked() (webhooks, commands int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.acked), len(w.commands)
}

// Place is a buyer's order.
func (w *World) Place(n tiktoksim.NewOrder) (id string, err error) {
	if id, err = w.Sim.PlaceOrder(Shop, n); err == nil {
		w.mu.Lock()
		w.placed = append(w.placed, id)
		w.mu.Unlock()
	}
	return id, err
}

// Receive has units of a SKU arrive, by a command.
func (w *World) Receive(ctx context.Context, sku string, units int64) error {
	return w.move(ctx, movement{receive, sku}, units, map[string]any{"sku": sku, "quantity": units, "reason": "drill"})
}

// Adjust has a count find units of a SKU, by a command.
func (w *World) Adjust(ctx context.Context, sku string, units int64) error {
	return w.move(ctx, movement{adjust, sku}, units, map[string]any{"sku": sku, "delta": units, "reason": "drill"})
}

func (w *World) move(ctx context.Context, m movement, units int64, body map[string]any) error {
	if err := w.Command(ctx, m.command, body); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.moved[m] += units
	return nil
}

// ErrRefused is an answer that will be the same when it is asked for again.
var ErrRefused = errors.New("the hub refused")

// Command repeats a command under one key until it is answered, as a client must.
func (w *World) Command(ctx context.Context, name string, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	header := http.Header{"Authorization": {"Bearer " + w.token}, "Content-Type": {"application/json"}}
	key := uuid.Nil
	for pause := time.Second; ctx.Err() == nil; pause = min(2*pause, time.Minute) {
		if key == uuid.Nil {
			key = w.keys.Next()
			header.Set("Idempotency-Key", key.String())
		}
		status, answer := w.send(http.MethodPost, "/api/v1/commands/"+name, header, text)
		switch {
		case status == http.StatusUnprocessableEntity && bytes.Contains(answer, []byte("Idempotency-Key")): // of another day, to a hub whose clock is off
			key = uuid.Nil
		case status == http.StatusOK:
			w.mu.Lock()
			w.commands = append(w.commands, key)
			w.mu.Unlock()
			return nil
		case status < http.StatusInternalServerError && status != http.StatusTooManyRequests:
			return fmt.Errorf("%s: %w with %d: %s", name, ErrRefused, status, answer)
		}
		if err := Sleep(ctx, pause); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// send asks the hub. An answer that a crashed hub still gives is none: 503.
func (w *World) send(method, path string, header http.Header, body []byte) (status int, answer []byte) {
	l := w.life.Load()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, w.address()+path, bytes.NewReader(body))
	if err != nil {
		panic("bubble: " + err.Error()) // our own path
	}
	request.Header = header.Clone()
	response, err := w.client.Do(request)
	if err != nil || l.cut.Load() {
		if err == nil {
			_ = response.Body.Close() // nobody hears it
		}
		return http.StatusServiceUnavailable, nil
	}
	defer func() { _ = response.Body.Close() }()
	answer, err = io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil || l.cut.Load() {
		return http.StatusServiceUnavailable, nil
	}
	return response.StatusCode, answer
}

// Sleep waits in the bubble's time.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

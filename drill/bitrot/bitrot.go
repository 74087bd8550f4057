// Package bitrot flips one bit after the other in the files of a hub that was killed, and reads what is
// left each time: whatever is not what was written must be told, at the latest by verify.
//
// A flip is detected when opening, a full read, verify or a rebuild fails, mended when opening tells of it
// and all of them give what they gave before, and unread when they do without a word. Everything else is a broken promise: it is missed. Records of the log are
// held to more: a read itself must fail, since what it returns is acted upon long before anybody verifies.
package bitrot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/domain/events"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/drill"
	"github.com/creatorflow/creatorflow/drill/bubble"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/hub"
	"github.com/creatorflow/creatorflow/money"
	"github.com/creatorflow/creatorflow/storage/engine"
	"github.com/creatorflow/creatorflow/storage/folder"
	"github.com/creatorflow/creatorflow/storage/months"
	"github.com/creatorflow/creatorflow/vault"
	"github.com/creatorflow/creatorflow/vault/accounts"
)

// files are those whose bits are flipped, the last one stands for all of closed months. The views are no
// promise: they are thrown away and built anew.
var files = []string{"log.db", "log.db-wal", "vault.db", "vault.db-wal", months.Folder}

// snapshot is where in log.db the snapshot of the busy SKU lies: bits of it are flipped as often as those of
// a file.
const snapshot = "snapshot"

const (
	past     = 3   // months that are closed
	webhooks = 100 // acknowledged before the files are closed in order
	newer    = 40  // and before the kill: few enough to stay in the write-ahead logs
	patience = time.Minute
)

// rot is one campaign.
type rot struct {
	*drill.Campaign
	data   string            // folder of the hub
	whole  map[string][]byte // its files by name
	state  []byte            // of the snapshot, before anything was flipped
	before reading           // of the whole files
	rng    *rand.Rand
	found  map[string]*drill.Flips
	missed map[string]int // by what was served as right
}

// Run flips.
func Run(ctx context.Context, o drill.Options) (drill.Report, error) {
	x := rot{
		data: filepath.Join(o.Dir, "data"), rng: rand.New(rand.NewPCG(o.Seed, 1)),
		found: map[string]*drill.Flips{}, missed: map[string]int{},
	}
	r, err := drill.Run(ctx, "bitrot", o, func(ctx context.Context, c *drill.Campaign) error {
		x.Campaign = c
		if err := x.fill(ctx); err != nil {
			return err
		}
		scratch, err := bubble.Folder()
		if err != nil {
			return err
		}
		return errors.Join(x.flipAll(ctx, scratch, o.Cycles), os.RemoveAll(scratch), c.Rest(ctx))
	})
	for _, name := range append(slices.Clone(files), snapshot) {
		if f := x.found[name]; f != nil {
			r.Flips = append(r.Flips, *f)
		}
	}
	for _, what := range slices.Sorted(maps.Keys(x.missed)) {
		r.Broke("%d flips were missed: %s", x.missed[what], what)
	}
	return r, err
}

// fill leaves files of a hub that was killed under load after an orderly stop: databases, and
// write-ahead logs on top of them.
func (x *rot) fill(ctx context.Context) error {
	if err := x.Past(ctx, x.data, past); err != nil {
		return err
	}
	if err := x.Prepare(ctx, x.data); err != nil {
		return err
	}
	if err := x.people(ctx); err != nil {
		return fmt.Errorf("make users: %w", err)
	}
	if err := x.longStream(ctx); err != nil {
		return fmt.Errorf("make a long stream: %w", err)
	}
	h, err := x.loaded(ctx, webhooks)
	if err != nil {
		return err
	}
	if err := h.Kill(); err != nil {
		return err
	}
	if err := x.Rest(ctx); err != nil {
		return err
	}
	if h, err = x.loaded(ctx, newer); err != nil {
		return err
	}
	if err := h.Kill(); err != nil {
		return err
	}
	closed, err := filepath.Glob(filepath.Join(x.data, months.Folder, "*"))
	if err == nil && len(closed) != past {
		err = fmt.Errorf("%d months are closed (%v), want %d", len(closed), closed, past)
	}
	if err != nil {
		return err
	}
	x.whole = map[string][]byte{}
	for _, path := range closed {
		name := filepath.Join(months.Folder, filepath.Base(path))
		if x.whole[name], err = os.ReadFile(path); err != nil {
			return fmt.Errorf("keep the whole files: %w", err)
		}
	}
	for _, name := range append(slices.Clone(files[:len(files)-1]), vault.MasterFile) {
		if x.whole[name], err = os.ReadFile(filepath.Join(x.data, name)); err != nil {
			return fmt.Errorf("keep the whole files: %w", err)
		}
	}
	return nil
}

// of are the files that a name in files stands for.
func (x *rot) of(name string) (all []string, size int) {
	for file, content := range x.whole {
		if file == name || filepath.Dir(file) == name {
			all = append(all, file)
			size += len(content)
		}
	}
	slices.Sort(all)
	return all, size
}

// people makes what the vault keeps of those who may sign in.
func (x *rot) people(ctx context.Context) (err error) {
	h, err := hub.Open(ctx, hub.Options{Data: x.data, Clock: time.Now, Log: quiet})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	const password = "a password of the drill's"
	for i, role := range []accounts.Role{accounts.Owner, accounts.Operator, accounts.Viewer} {
		name := fmt.Sprintf("user%d", i)
		link, err := h.Accounts.MakeLink(ctx, name, role, time.Hour)
		if err != nil {
			return err
		}
		if _, err := h.Accounts.UseLink(ctx, link, name, password); err != nil {
			return err
		}
		if _, _, err := h.Accounts.SignIn(ctx, name, password, "a browser"); err != nil {
			return err
		}
		if _, err := h.Accounts.MakeLink(ctx, name, role, time.Hour); err != nil { // stays open
			return err
		}
	}
	return nil
}

// busy is a SKU with a history so long, and so many open promises, that its snapshot is a part of log.db
// worth flipping.
const (
	busy     = "BUSY"
	promises = 1200
)

// longStream makes the busy SKU, and waits for its snapshot.
func (x *rot) longStream(ctx context.Context) (err error) {
	f, err := folder.Open(x.data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	stores, err := engine.Open(ctx, f, "", quiet)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stores.Close()) }()
	log, err := eventlog.Open(ctx, stores.Log, eventlog.Options{Decode: events.Decode, Clock: time.Now})
	if err != nil {
		return err
	}
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- log.Run(running) }()
	defer func() {
		stop()
		err = errors.Join(err, <-ended)
	}()
	placed := unpaid()
	history := []eventlog.Event{stock.Received{SKU: busy, Quantity: promises}}
	for n := range promises {
		history = append(history, stock.Reserved{SKU: busy, Order: placed.Order, Attempt: n + 1, Quantity: 1})
	}
	stream := stock.Stream(workspace.Main, busy)
	for _, write := range []eventlog.Write{
		{Stream: orderevents.Stream(workspace.Main, placed.Order), Events: []eventlog.Event{placed, orderevents.Matched{Order: placed.Order, SKUs: []string{busy}}}},
		{Stream: stream, Events: history},
	} {
		if _, err := log.Append(ctx, write); err != nil {
			return err
		}
	}
	x.Unpaid = 1
	fold := inventory.Fold(workspace.Main, busy)
	if _, err := log.Fold(ctx, fold); err != nil {
		return err
	}
	for began := time.Now(); ; {
		kept, found, err := stores.Log.Snapshot(ctx, stream, fold.Name)
		if found || err != nil {
			x.state = kept.Data
			return err
		}
		if time.Since(began) > patience {
			return fmt.Errorf("%s has no snapshot after %s", stream, patience)
		}
		if err := drill.Sleep(ctx, 5*time.Millisecond); err != nil {
			return err
		}
	}
}

// unpaid is an order of a shop that is not connected.
func unpaid() orderevents.Placed {
	id, day := "57646141000001", time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	one := money.Money{Minor: 100, Currency: "GBP"}
	return orderevents.Placed{
		Order: "gone:" + id, Connection: "gone", Channel: "tiktok", ChannelID: id, Status: orders.Unpaid, Vendor: "UNPAID",
		Lines: []orderevents.Line{{Listing: "1", Code: busy, Quantity: 1, Price: one}}, Total: one, Created: day, Updated: day,
	}
}

// loaded starts a hub and returns it once it has acknowledged enough.
func (x *rot) loaded(ctx context.Context, webhooks int) (*drill.Hub, error) {
	h, err := x.Start(ctx)
	if err != nil {
		return nil, err
	}
	before, _ := x.Acked()
	err = x.UnderLoad(ctx, func(ctx context.Context) error {
		for began := time.Now(); ; {
			if now, _ := x.Acked(); now >= before+webhooks {
				return nil
			}
			if time.Since(began) > patience {
				return fmt.Errorf("fewer than %d webhooks were acknowledged in %s", webhooks, patience)
			}
			if err := drill.Sleep(ctx, 20*time.Millisecond); err != nil {
				return err
			}
		}
	})
	if err != nil {
		return nil, errors.Join(err, h.Kill())
	}
	return h, nil
}

func (x *rot) flipAll(ctx context.Context, scratch string, flips int) error {
	var err error
	if x.before, err = x.read(ctx, scratch, nil); err != nil {
		return fmt.Errorf("read the whole files: %w", err)
	}
	again, err := x.read(ctx, scratch, nil)
	if err != nil {
		return fmt.Errorf("read the whole files again: %w", err)
	}
	if differ := x.before.differ(again); len(differ) > 0 {
		return fmt.Errorf("the whole files, read again, differ in %v: the drill cannot compare", differ)
	}
	for _, name := range files {
		_, size := x.of(name)
		x.found[name] = &drill.Flips{File: name, Bytes: size}
	}
	// SQLite spreads a long value over pages; a part as short as this lies on one.
	part := x.state[len(x.state)/2:][:256]
	at := bytes.Index(x.whole["log.db"], part)
	if at < 0 {
		return errors.New("the snapshot is not in log.db: the drill cannot aim at it")
	}
	x.found[snapshot] = &drill.Flips{File: snapshot, Bytes: len(part)}
	places := append(slices.Clone(files), snapshot)
	for n := range flips {
		name := places[x.rng.IntN(len(places))]
		bit, file := x.rng.IntN(8*x.found[name].Bytes), "log.db"
		if name == snapshot {
			bit += 8 * at
		} else {
			all, _ := x.of(name)
			for bit >= 8*len(x.whole[all[0]]) {
				bit -= 8 * len(x.whole[all[0]])
				all = all[1:]
			}
			file = all[0]
		}
		if err := x.flip(ctx, scratch, x.found[name], file, bit); err != nil {
			return fmt.Errorf("flip %d, bit %d of %s: %w", n+1, bit, file, err)
		}
		if (n+1)%100 == 0 {
			x.Say("flipped %d of %d", n+1, flips)
		}
	}
	return nil
}

// flip flips a bit of a file.
func (x *rot) flip(ctx context.Context, scratch string, f *drill.Flips, file string, bit int) error {
	f.Flips++
	got, err := x.read(ctx, scratch, func(read string, content []byte) []byte {
		if read != file {
			return content
		}
		content = slices.Clone(content)
		content[bit/8] ^= 1 << (bit % 8)
		return content
	})
	switch differ := x.before.differ(got); {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, context.DeadlineExceeded):
		f.Missed++
		x.missed[fmt.Sprintf("%s: reading did not come to an end", f.File)]++
	case len(got.silent) > 0:
		f.Missed++
		x.missed[fmt.Sprintf("%s: read as something else without a word: %s", f.File, strings.Join(got.silent, ", "))]++
		x.Say("missed: bit %d of %s: %v (%v)", bit, file, got.silent, err)
	case err != nil:
		f.Detected++
	case len(differ) == 0 && got.told:
		f.Mended++
	case len(differ) == 0:
		f.Unread++
	default:
		f.Missed++
		x.missed[fmt.Sprintf("%s: nothing reports a change of %s", f.File, strings.Join(differ, ", "))]++
		x.Say("missed: bit %d of %s: %v", bit, file, differ)
	}
	return nil
}

// place puts the files into an empty folder, each as change makes it.
func (x *rot) place(dir string, change func(name string, content []byte) []byte) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	if err := os.Mkdir(filepath.Join(dir, months.Folder), 0o700); err != nil {
		return err
	}
	for name, content := range x.whole {
		if change != nil {
			content = change(name, content)
		}
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/alecthomas/kong"

	"github.com/creatorflow/creatorflow/cmd/shops"
	"github.com/creatorflow/creatorflow/dispatch/statement"
	"github.com/creatorflow/creatorflow/domain/audit"
	"github.com/creatorflow/creatorflow/domain/events"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/eventlog/verify"
	"github.com/creatorflow/creatorflow/hub"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/storage/engine"
	"github.com/creatorflow/creatorflow/vault/accounts"
)

// reach runs a command on the hub of a folder, running or not.
func (f folderFlags) reach(ctx context.Context, c console, do func(*hub.Admin) error) error {
	admin, err := hub.Reach(ctx, f.options(c))
	if err != nil {
		return err
	}
	return errors.Join(do(admin), admin.Close())
}

// AfterApply hands commands of other rooms the way to the folder's hub.
func (f folderFlags) AfterApply(k *kong.Context, c console) error {
	k.Bind(shops.Way(func(ctx context.Context, do func(*hub.Admin) error) error { return f.reach(ctx, c, do) }))
	return nil
}

type connectCommand struct {
	folderFlags
	shops.Connect
}

type backFillCommand struct {
	folderFlags
	shops.BackFill
}

type rebuildCommand struct{ folderFlags }

// Run builds the views anew.
func (r rebuildCommand) Run(ctx context.Context, c console) error {
	return r.reach(ctx, c, func(a *hub.Admin) error {
		position, err := a.Rebuild(ctx)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(c.out, "The views were built anew up to position %d.\n", position)
		return err
	})
}

type verifyCommand struct {
	Data string `help:"Data folder; a running hub may have it." default:"./creatorflow-data" type:"path"`
	DB   string `name:"db" help:"PostgreSQL database that keeps the data." placeholder:"postgres://user:password@host/name" env:"CREATORFLOW_DB"`
	From int64  `help:"Begin after this position, which must be the last of a commit."`
	Days int    `help:"Of direct sales, compare the card payments of so many days with the payment partner; 0 asks nobody." default:"30"`
}

// Validate refuses a time that is none.
func (v verifyCommand) Validate() error {
	if v.Days < 0 || v.Days > 3650 {
		return errors.New("--days is 0 to 3650")
	}
	return nil
}

// Run checks the log, then the files, then the views against a rebuild, then what orders, stock and money say
// of each other, and last what the payment partner says of direct sales.
func (v verifyCommand) Run(ctx context.Context, c console) error {
	direct, err := v.whole(ctx, c)
	if err != nil || !direct || v.Days == 0 {
		return err
	}
	return v.payments(ctx, c)
}

// payments asks the hub, running or not, to compare with the payment partner. Who cannot be asked is said, and is no failure.
func (v verifyCommand) payments(ctx context.Context, c console) error {
	var accounts []statement.Account
	err := (folderFlags{Data: v.Data, DB: v.DB}).reach(ctx, c, func(a *hub.Admin) (err error) {
		accounts, err = a.Payments(ctx, v.Days)
		return err
	})
	if err != nil {
		_, err = fmt.Fprintf(c.out, "Direct sales were not compared with the payment partner: %v\n", err)
		return err
	}
	var differ []string
	count := 0
	for _, a := range accounts {
		if _, err := fmt.Fprintf(c.out, "%s (%s): %s\n", a.Name, a.Connection, compared(a, v.Days)); err != nil {
			return err
		}
		count, differ = count+a.Count, append(differ, a.Differences...)
	}
	if count > 0 {
		return fmt.Errorf("the money of direct sales stands otherwise at the payment partner in %d places:\n%s", count, strings.Join(differ, "\n"))
	}
	return nil
}

// compared says what was compared of one connection.
func compared(a statement.Account, days int) string {
	if a.Skipped != "" {
		return "not compared with the payment partner: " + a.Skipped + "."
	}
	moving := ""
	if a.Moving > 0 {
		moving = fmt.Sprintf("; %d that changed within %s were left alone", a.Moving, statement.Fresh)
	}
	return fmt.Sprintf("%d orders and %d payments of %d days were held against the payment partner%s, %d differ.", a.Orders, a.Payments, days, moving, a.Count)
}

// whole checks what is kept, and says whether orders are entered here.
func (v verifyCommand) whole(ctx context.Context, c console) (direct bool, err error) {
	stores, err := engine.Read(ctx, v.Data, v.DB, logger(c, 0))
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, stores.Close()) }()
	report, err := verify.Log(ctx, stores.Log, eventlog.Position(v.From))
	if err != nil {
		return false, err
	}
	if err := stores.Check(ctx); err != nil {
		return false, err
	}
	log, err := eventlog.Open(ctx, stores.Log, eventlog.Options{Decode: events.Decode, Clock: time.Now})
	if err != nil {
		return false, err
	}
	proven, err := verify.Snapshots(ctx, log, stores.Log, hub.Folds)
	if err != nil {
		return false, err
	}
	same, err := projection.Verify(ctx, log, stores.Views, hub.Projections(), projection.Options{})
	if err != nil {
		return false, err
	}
	books, err := audit.Log(ctx, log, stores.Views, stores.MissingLabels)
	if err != nil {
		return false, err
	}
	if _, err := fmt.Fprintf(c.out, "%d events in %d commits and %d streams are whole, %d snapshots of long streams are what their events give; the views stand at position %d. %s were added up%s.\n",
		report.Events, report.Commits, report.Streams, proven, same.Position, books.Summary(), unless(books.Compared, ", and not compared with the views, which are being built")); err != nil {
		return false, err
	}
	if _, err := fmt.Fprintf(c.out, "position %d, seal %x, views %x\n", report.Position, report.Seal, same.Hash); err != nil {
		return false, err
	}
	if !same.Equal {
		return false, fmt.Errorf("the views differ from a rebuild in %v: run creatorflow rebuild", same.Differ)
	}
	if books.Count > 0 {
		return false, fmt.Errorf("orders, stock and money do not add up in %d places:\n%s", books.Count, strings.Join(books.Findings, "\n"))
	}
	return books.Direct, nil
}

// unless is a text where something is not so.
func unless(so bool, text string) string {
	if so {
		return ""
	}
	return text
}

type keyCommand struct {
	Make   keyMake   `cmd:"" help:"Make an API key; it is shown this once."`
	List   keyList   `cmd:"" help:"List the API keys."`
	Revoke keyRevoke `cmd:"" help:"End an API key."`
}

type keyMake struct {
	folderFlags
	Name string        `arg:"" help:"What the key is for."`
	Role accounts.Role `help:"owner, operator or viewer." enum:"owner,operator,viewer" default:"operator"`
	Days int           `help:"How long it lives." default:"365"`
}

// Validate refuses a key that would never work.
func (k keyMake) Validate() error {
	if k.Days < 1 {
		return errors.New("--days is at least 1")
	}
	return nil
}

// Run makes a key.
func (k keyMake) Run(ctx context.Context, c console) error {
	return k.reach(ctx, c, func(a *hub.Admin) error {
		key, err := a.Key(ctx, hub.MakeKey{Name: k.Name, Role: k.Role, Days: k.Days})
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(c.out, key)
		return err
	})
}

type keyList struct{ folderFlags }

// Run lists the keys.
func (k keyList) Run(ctx context.Context, c console) error {
	return k.reach(ctx, c, func(a *hub.Admin) error {
		keys, err := a.Keys(ctx)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(w, "PREFIX\tNAME\tROLE\tENDS") // the error comes with Flush
		for _, key := range keys {
			_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", key.Prefix, key.Name, key.Role, key.Ends.Format(time.DateOnly))
		}
		return w.Flush()
	})
}

type keyRevoke struct {
	folderFlags
	Prefix string `arg:"" help:"The key's prefix, as key list shows it."`
}

// Run ends a key.
func (k keyRevoke) Run(ctx context.Context, c console) error {
	return k.reach(ctx, c, func(a *hub.Admin) error { return a.Revoke(ctx, k.Prefix) })
}

type userCommand struct {
	Link userLink `cmd:"" help:"Print a one-time link that sets a password; using it makes the user when there is none."`
	List userList `cmd:"" help:"List the users."`

	Role    userRole    `cmd:"" help:"Give a user another role; it holds at once, on open screens too."`
	Disable userDisable `cmd:"" help:"Shut a user out, at once."`
	Enable  userEnable  `cmd:"" help:"Let a disabled user in again."`
}

type userLink struct {
	folderFlags
	Name    string        `arg:"" help:"The user's name."`
	Role    accounts.Role `help:"owner, operator or viewer." enum:"owner,operator,viewer" default:"owner"`
	Address string        `help:"The hub's address in the link, such as https://hub.example; where the running server listens when not given."`
}

// Run prints a link.
func (u userLink) Run(ctx context.Context, c console) error {
	return u.reach(ctx, c, func(a *hub.Admin) error {
		link, err := a.Link(ctx, hub.MakeLink{Name: u.Name, Role: u.Role, Address: u.Address})
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(c.out, "%s\nIt works once, for 24 hours.\n", link)
		return err
	})
}

type userList struct{ folderFlags }

// Run lists the users.
func (u userList) Run(ctx context.Context, c console) error {
	return u.reach(ctx, c, func(a *hub.Admin) error {
		users, err := a.Users(ctx)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(w, "NAME\tROLE\tPASSWORD\tDISABLED") // the error comes with Flush
		for _, user := range users {
			_, _ = fmt.Fprintf(w, "%s\t%s\t%t\t%t\n", user.Name, user.Role, user.Password, user.Disabled)
		}
		return w.Flush()
	})
}

type userRole struct {
	folderFlags
	Name string        `arg:"" help:"The user's name."`
	Role accounts.Role `arg:"" help:"owner, operator or viewer." enum:"owner,operator,viewer"`
}

// Run changes a role.
func (u userRole) Run(ctx context.Context, c console) error {
	return u.reach(ctx, c, func(a *hub.Admin) error { return a.SetRole(ctx, u.Name, u.Role) })
}

type userDisable struct {
	folderFlags
	Name string `arg:"" help:"The user's name."`
}

// Run shuts a user out.
func (u userDisable) Run(ctx context.Context, c console) error {
	return u.reach(ctx, c, func(a *hub.Admin) error { return a.Disable(ctx, u.Name, true) })
}

type userEnable struct {
	folderFlags
	Name string `arg:"" help:"The user's name."`
}

// Run lets a user in again.
func (u userEnable) Run(ctx context.Context, c console) error {
	return u.reach(ctx, c, func(a *hub.Admin) error { return a.Disable(ctx, u.Name, false) })
}

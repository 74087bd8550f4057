package listings

import (
	"context"
	"errors"
	"fmt"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/domain/catalogue"
	events "github.com/creatorflow/creatorflow/domain/events/shops"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
)

// atOnce is how many listings one commit is about.
const atOnce = 100

func meta(connection string, number int64) eventlog.Meta {
	cause := fmt.Sprintf("import:%s:%d", connection, number)
	return eventlog.Meta{Actor: "system:import", Cause: cause, Correlation: cause}
}

func (i *Importer) own(connection string) eventlog.Fold {
	return catalogue.Importing().Fold(events.Imports(i.o.Workspace, connection))
}

// carryOut reads the shop of an import that was begun and does what the plan says.
func (i *Importer) carryOut(ctx context.Context, connection string, s catalogue.Import) error {
	i.mu.Lock()
	i.runs[connection] = &catalogue.Progress{Create: s.Create, Running: true}
	i.mu.Unlock()
	seen, err := i.look(ctx, connection, s.Create)
	if err != nil {
		return err
	}
	for steps := seen.steps; len(steps) > 0; {
		n := min(len(steps), atOnce)
		if err := i.write(ctx, connection, s.Number, steps[:n]); err != nil {
			return err
		}
		steps = steps[n:]
	}
	for gone := seen.gone; len(gone) > 0; {
		n := min(len(gone), atOnce)
		if err := i.forget(ctx, connection, s.Number, gone[:n]); err != nil {
			return err
		}
		gone = gone[n:]
	}
	ended := events.ImportEnded{
		Connection: connection, Number: s.Number, Read: int64(len(seen.steps)), Broken: int64(len(seen.broken)), Failed: seen.failed, At: i.o.Clock().UTC(),
	}
	for _, step := range seen.steps {
		if step.Do == catalogue.DoLeave {
			ended.Left++
		}
	}
	if _, err := eventlog.Execute(ctx, i.o.Log, events.Imports(i.o.Workspace, connection), catalogue.Ending(), ended, meta(connection, s.Number)); err != nil {
		return err
	}
	i.change(connection, func(p *catalogue.Progress) { seen.tell(p); p.Running = false })
	return nil
}

// write does some steps in one commit, as far as they are still right, and says how far the import is. What stands
// already yields nothing.
func (i *Importer) write(ctx context.Context, connection string, number int64, steps []catalogue.Step) error {
	w := i.o.Workspace
	request := eventlog.Request{Folds: []eventlog.Fold{i.own(connection)}, Meta: meta(connection, number)}
	mapping := func(s catalogue.Step) bool { return s.Do == catalogue.DoMap || s.Do == catalogue.DoCreate }
	for _, s := range steps {
		request.Folds = append(request.Folds, catalogue.Showing().Fold(events.Offer(w, connection, s.Listing)))
		if mapping(s) {
			request.Folds = append(request.Folds, catalogue.Fold(w, connection, s.Code), inventory.Fold(w, s.SKU))
		}
	}
	request.Decide = func(states []eventlog.State) (eventlog.Decision, error) {
		now := states[0].Value.(catalogue.Import)
		if !now.Running || now.Number != number {
			return eventlog.Decision{}, nil
		}
		var out eventlog.Decision
		write := func(s eventlog.Stream, e []eventlog.Event) {
			if len(e) > 0 {
				out.Writes = append(out.Writes, eventlog.Decided{Stream: s, Events: e})
			}
		}
		mapped, created := now.Mapped, now.Created
		next := 1
		for _, s := range steps {
			shown := states[next]
			next++
			e, err := catalogue.Showing().Decide(shown.Value.(events.Shown), s.Shown)
			if err != nil {
				return eventlog.Decision{}, err
			}
			write(shown.Stream, e)
			if !mapping(s) {
				continue
			}
			code, held := states[next], states[next+1]
			next += 2
			first, ok, err := firstStock(s, held.Value.(inventory.State))
			switch {
			case err != nil:
				return eventlog.Decision{}, err
			case !ok:
				continue
			}
			said, err := catalogue.ImportMapping().Decide(code.Value.(catalogue.State), catalogue.Imported{
				Map: catalogue.Map{Connection: connection, Code: s.Code, SKU: s.SKU}, Number: number,
			})
			if err != nil {
				return eventlog.Decision{}, err
			}
			if len(said) == 0 { // a person was faster
				continue
			}
			write(held.Stream, first)
			write(code.Stream, said)
			mapped++
			created += int64(len(first))
		}
		if mapped > now.Mapped {
			write(states[0].Stream, []eventlog.Event{events.ImportWentOn{Connection: connection, Number: number, Mapped: mapped, Created: created}})
		}
		return out, nil
	}
	_, err := i.o.Log.Execute(ctx, request)
	return err
}

// firstStock is the delivery that a SKU comes to be with, where the plan makes it; false when there is no such SKU and
// none can be made. Only what is for sale counts: units of orders that the hub may never hear of are no stock of its.
func firstStock(s catalogue.Step, held inventory.State) (first []eventlog.Event, ok bool, err error) {
	if held.Known || s.Do != catalogue.DoCreate {
		return nil, held.Known, nil
	}
	name := s.Title
	if s.Variant != "" {
		name += ", " + s.Variant
	}
	first, err = inventory.Receiving().Decide(held, inventory.Receive{
		SKU: s.SKU, Name: channels.Short(name, 300), Quantity: s.Quantity, Reason: "First stock: what the shop listed when it was imported.",
	})
	var no eventlog.Refusal
	if errors.As(err, &no) {
		return nil, false, nil
	}
	return first, err == nil, err
}

// forget notes listings that the shop does not show any more.
func (i *Importer) forget(ctx context.Context, connection string, number int64, gone []string) error {
	request := eventlog.Request{Folds: []eventlog.Fold{i.own(connection)}, Meta: meta(connection, number)}
	for _, listing := range gone {
		request.Folds = append(request.Folds, catalogue.Vanishing().Fold(events.Offer(i.o.Workspace, connection, listing)))
	}
	request.Decide = func(states []eventlog.State) (eventlog.Decision, error) {
		var out eventlog.Decision
		if now := states[0].Value.(catalogue.Import); !now.Running || now.Number != number {
			return out, nil
		}
		for n, listing := range gone {
			e, err := catalogue.Vanishing().Decide(states[1+n].Value.(events.Shown), events.Vanished{Connection: connection, Listing: listing})
			if err != nil {
				return out, err
			}
			if len(e) > 0 {
				out.Writes = append(out.Writes, eventlog.Decided{Stream: states[1+n].Stream, Events: e})
			}
		}
		return out, nil
	}
	_, err := i.o.Log.Execute(ctx, request)
	return err
}

// takeBack takes back what an import mapped, a page in one commit. What a person mapped since stays.
func (i *Importer) takeBack(ctx context.Context, connection string, s catalogue.Import) error {
	if err := i.o.CaughtUp(ctx, i.o.Log.Head().Position); err != nil {
		return fmt.Errorf("wait for the views: %w", err)
	}
	for after := ""; ; {
		var page []catalogue.Map
		if err := i.o.Views.Read(ctx, func(in projection.Reader) (err error) {
			page, err = catalogue.ImportedCodes(ctx, in, connection, s.Undoable, after, atOnce)
			return err
		}); err != nil {
			return fmt.Errorf("read what import %d of %s mapped: %w", s.Undoable, connection, err)
		}
		last := len(page) < atOnce
		request := eventlog.Request{Folds: []eventlog.Fold{i.own(connection)}, Meta: meta(connection, s.Undoable)}
		for _, m := range page {
			request.Folds = append(request.Folds, catalogue.Fold(i.o.Workspace, connection, m.Code))
		}
		request.Decide = func(states []eventlog.State) (eventlog.Decision, error) {
			var out eventlog.Decision
			if now := states[0].Value.(catalogue.Import); !now.Undoing || now.Undoable != s.Undoable {
				return out, nil
			}
			for n, m := range page {
				e, err := catalogue.Unmapping().Decide(states[1+n].Value.(catalogue.State), catalogue.Imported{Map: m, Number: s.Undoable})
				if err != nil {
					return out, err
				}
				if len(e) > 0 {
					out.Writes = append(out.Writes, eventlog.Decided{Stream: states[1+n].Stream, Events: e})
				}
			}
			if last {
				out.Writes = append(out.Writes, eventlog.Decided{Stream: states[0].Stream, Events: []eventlog.Event{
					events.ImportUndone{Connection: connection, Number: s.Undoable},
				}})
			}
			return out, nil
		}
		if _, err := i.o.Log.Execute(ctx, request); err != nil || last {
			return err
		}
		after = page[len(page)-1].Code
	}
}

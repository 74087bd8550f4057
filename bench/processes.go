package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/creatorflow/creatorflow/bench/timing"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/storage/postgres"
	"github.com/creatorflow/creatorflow/storage/postgres/database"
)

// barTogether is what several processes must append together, as a part of what one does alone.
const barTogether = 0.9

// processCallers append in each process.
const processCallers = 512

// Together is the result of Processes: medians of its rounds.
type Together struct {
	Name            string  `json:"name"`
	Engine          string  `json:"engine"`
	Processes       int     `json:"processes"`
	Callers         int     `json:"callers"` // of each process
	EventsPerAppend int     `json:"events_per_append"`
	EventsPerSecond float64 `json:"events_per_s"` // together
	P50             float64 `json:"p50_ms"`
	P99             float64 `json:"p99_ms"`
	OnePerSecond    float64 `json:"one_events_per_s"`
	OneP99          float64 `json:"one_p99_ms"`
	RatioToOne      float64 `json:"ratio_to_one"`
	Events          int64   `json:"events"` // that stand in the log, dense
}

// Processes measures durable appends of several processes of the program on one PostgreSQL database, by
// turns with those of one of them alone. It fails when the log does not hold what they were told.
func Processes(ctx context.Context, o Options, binary string, processes int) (err error) {
	if o.Engine != Postgres {
		return errors.New("--processes: a folder of files belongs to one process; measure several with --engine postgres")
	}
	if o.Seconds <= 0 {
		o.Seconds = 4
	}
	places, err := NewPlaces(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, places.Close()) }()
	place, err := places.Next(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, place.Close()) }()
	workers := make([]*worker, 0, processes)
	defer func() {
		for _, w := range workers {
			err = errors.Join(err, w.end())
		}
	}()
	for i := range processes {
		w, err := startWorker(ctx, binary, place.url, i)
		if err != nil {
			return err
		}
		workers = append(workers, w)
	}
	r, err := alternate(workers, o.Seconds)
	if err != nil {
		return err
	}
	head, err := place.store.Head(ctx)
	if err != nil {
		return err
	}
	position, versions, _, err := place.store.Heads(ctx)
	if err != nil {
		return err
	}
	if int64(head.Position) != r.Events || position != versions {
		return fmt.Errorf("%d events were answered, the log ends at position %d and its streams hold %d", r.Events, head.Position, versions)
	}
	if o.JSON {
		return json.NewEncoder(o.Out).Encode(r)
	}
	_, err = fmt.Fprintf(o.Out, "%s, %d callers in each process, medians\none process  %10.0f events/s, p99 %.1f ms\n%d together   %10.0f events/s, p99 %.1f ms\n%d processes: %.2f of one (at least %.1f: %s), %d events dense\n",
		o.Engine, r.Callers, r.OnePerSecond, r.OneP99, processes, r.EventsPerSecond, r.P99, processes, r.RatioToOne, barTogether, Met(r.RatioToOne >= barTogether), r.Events)
	return err
}

// alternate lets the first worker append alone and all of them together, by turns.
func alternate(workers []*worker, seconds float64) (Together, error) {
	const rounds = 5
	r := Together{Name: "append", Engine: Postgres, Processes: len(workers), Callers: processCallers, EventsPerAppend: 1}
	var one, together []worked
	slice := seconds / rounds
	for round := range rounds + 1 {
		for _, group := range [][]*worker{workers[:1], workers} {
			sum, err := runTogether(group, slice)
			if err != nil {
				return r, err
			}
			r.Events += int64(sum.Events)
			switch {
			case round == 0: // to get warm
			case len(group) == 1:
				one = append(one, sum)
			default:
				together = append(together, sum)
			}
		}
	}
	middle := func(of []worked, value func(worked) float64) float64 {
		var all []float64
		for _, w := range of {
			all = append(all, value(w))
		}
		return Median(all)
	}
	perSecond := func(w worked) float64 { return w.PerSecond }
	p99 := func(w worked) float64 { return w.P99 }
	r.EventsPerSecond, r.OnePerSecond = middle(together, perSecond), middle(one, perSecond)
	r.P50, r.P99, r.OneP99 = middle(together, func(w worked) float64 { return w.P50 }), middle(together, p99), middle(one, p99)
	r.RatioToOne = r.EventsPerSecond / r.OnePerSecond
	return r, nil
}

// worked is what a worker tells of one run.
type worked struct {
	Events              int
	PerSecond, P50, P99 float64
	Fault               string
}

// runTogether sums what workers do at the same time; of the percentiles the worst counts.
func runTogether(group []*worker, seconds float64) (sum worked, err error) {
	results, faults := make([]worked, len(group)), make([]error, len(group))
	var running sync.WaitGroup
	for i, w := range group {
		running.Go(func() { results[i], faults[i] = w.run(seconds) })
	}
	running.Wait()
	for _, r := range results {
		sum.Events += r.Events
		sum.PerSecond += r.PerSecond
		sum.P50, sum.P99 = max(sum.P50, r.P50), max(sum.P99, r.P99)
	}
	return sum, errors.Join(faults...)
}

// worker is a process that appends when it is told to: a line with the seconds in, a line with the
// result out.
type worker struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
}

func startWorker(ctx context.Context, binary, db string, number int) (*worker, error) {
	w := &worker{cmd: exec.CommandContext(ctx, binary, "bench", "append", "--engine", Postgres, "--db", db, "--worker", strconv.Itoa(number))} //nolint:gosec // the program itself
	w.cmd.Stderr = os.Stderr
	var err error
	if w.in, err = w.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("start a process: %w", err)
	}
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start a process: %w", err)
	}
	w.out = bufio.NewScanner(out)
	if err := w.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start a process: %w", err)
	}
	return w, nil
}

func (w *worker) run(seconds float64) (r worked, err error) {
	if _, err := fmt.Fprintln(w.in, seconds); err != nil {
		return r, fmt.Errorf("tell a process to append: %w", err)
	}
	if !w.out.Scan() {
		return r, errors.Join(errors.New("a process ended before it was told to"), w.out.Err())
	}
	if err := json.Unmarshal(w.out.Bytes(), &r); err != nil {
		return r, fmt.Errorf("read what a process tells: %w", err)
	}
	if r.Fault != "" {
		return r, errors.New(r.Fault)
	}
	return r, nil
}

// end lets the process end by itself: its input is over.
func (w *worker) end() error {
	if err := errors.Join(w.in.Close(), w.cmd.Wait()); err != nil {
		return fmt.Errorf("a process: %w", err)
	}
	return nil
}

// streamsOfProcess is how many streams each process may begin.
const streamsOfProcess = 100_000_000

// Worker is one of the Processes: it appends to the log in a database for as long as each line says.
func Worker(ctx context.Context, db string, number int, in io.Reader, out io.Writer) (err error) {
	d, err := database.Open(ctx, db)
	if err != nil {
		return err
	}
	defer d.Close()
	dir, err := os.MkdirTemp("", "creatorflow-bench-") // for closed months, of which there are none
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	store, err := postgres.OpenLog(ctx, d, dir)
	if err != nil {
		return err
	}
	log, stop, err := (&Place{store: store, DB: d, Close: store.Close}).Run(ctx, eventlog.Options{Clock: time.Now, Decode: decodeMeasured})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	r := &real{log: log, callers: make([]realCaller, processCallers), name: streamID}
	r.streams.Store(int64(number) * streamsOfProcess)
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		seconds, err := strconv.ParseFloat(strings.TrimSpace(lines.Text()), 64)
		if err != nil {
			return fmt.Errorf("read for how long to append: %w", err)
		}
		var s timing.Calls
		var told worked
		if err := s.Run(processCallers, 1, time.Duration(seconds*float64(time.Second)), func(caller int) error { return r.append(ctx, caller, 1) }); err != nil {
			told.Fault = err.Error()
		}
		told.Events, told.PerSecond, told.P50, told.P99 = s.Events, s.PerSecond(), s.Percentile(50), s.Percentile(99)
		if err := json.NewEncoder(out).Encode(told); err != nil {
			return err
		}
	}
	return lines.Err()
}

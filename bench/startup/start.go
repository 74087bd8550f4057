// Package startup measures how soon the program answers and what it needs, and runs it as a process for
// whoever measures it from outside.
package startup

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/creatorflow/creatorflow/bench"
)

// Options are those of Run.
type Options struct {
	Binary string        // the program to start
	Runs   int           // starts of each command; the median counts
	Idle   time.Duration // how long an empty hub rests before its memory is read
	JSON   bool
	Out    io.Writer
}

// Result is the result of Run: medians of all runs.
type Result struct {
	Name    string  `json:"name"`
	Runs    int     `json:"runs"`
	ServeMS float64 `json:"serve_first_200_ms"`     // from process start to the first 200 of /readyz, empty folder
	AgainMS float64 `json:"serve_again_200_ms"`     // the same on a folder that has been served before
	DemoMS  float64 `json:"demo_moving_ms"`         // from process start to the second value of a figure on the board
	IdleMiB float64 `json:"idle_rss_mib,omitempty"` // resident memory of an empty hub at rest; 0 where the system does not say
	Bytes   int64   `json:"binary_bytes"`
}

// Bars of Run.
const (
	barServe  = 200      // ms
	barDemo   = 3000     // ms
	barIdle   = 60       // MiB
	barBinary = 40 << 20 // bytes
)

// Run measures how soon the program answers, how soon the demo's board moves, and what an idle
// hub needs. Every run is a process of its own on a fresh folder.
func Run(ctx context.Context, o Options) (err error) {
	dir, err := os.MkdirTemp("", "creatorflow-bench-")
	if err != nil {
		return fmt.Errorf("make a folder for the bench: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	info, err := os.Stat(o.Binary)
	if err != nil {
		return fmt.Errorf("find the program: %w", err)
	}
	var first, again, demo, idle []float64
	for run := range o.Runs {
		folder := filepath.Join(dir, strconv.Itoa(run))
		for _, into := range []*[]float64{&first, &again} {
			ms, mib, err := startServe(ctx, o, folder, into == &again)
			if err != nil {
				return err
			}
			*into = append(*into, ms)
			if into == &again {
				idle = append(idle, mib)
			}
		}
		ms, err := startDemo(ctx, o, folder+"-demo")
		if err != nil {
			return err
		}
		demo = append(demo, ms)
	}
	r := Result{
		Name: "start", Runs: o.Runs, ServeMS: bench.Median(first), AgainMS: bench.Median(again), DemoMS: bench.Median(demo),
		IdleMiB: bench.Median(idle), Bytes: info.Size(),
	}
	if o.JSON {
		return json.NewEncoder(o.Out).Encode(r)
	}
	_, err = fmt.Fprintf(o.Out, `median of %d starts                     measured   required
serve, empty folder, to the first 200  %6.0f ms     %d ms: %s
serve, the same folder again           %6.0f ms     %d ms: %s
demo, to a moving number               %6.0f ms    %d ms: %s
idle memory, resident                 %6.1f MiB     %d MiB: %s
the program's file                    %6.1f MiB     %d MiB: %s
start: %.0f ms to the first 200, %.0f ms to a moving number, %.1f MiB idle
`, r.Runs, r.ServeMS, barServe, bench.Met(r.ServeMS <= barServe), r.AgainMS, barServe, bench.Met(r.AgainMS <= barServe),
		r.DemoMS, barDemo, bench.Met(r.DemoMS <= barDemo), r.IdleMiB, barIdle, bench.Met(r.IdleMiB <= barIdle),
		float64(r.Bytes)/(1<<20), barBinary>>20, bench.Met(r.Bytes <= barBinary), r.ServeMS, r.DemoMS, r.IdleMiB)
	return err
}

// Serve starts serve on a port of its own and waits for its first 200: ms is how long that took. The
// caller stops the process.
func Serve(ctx context.Context, binary string, flags ...string) (p *Process, address string, ms float64, err error) {
	p, err = Launch(ctx, binary, append([]string{"serve", "--listen", "127.0.0.1:0", "--rate-limit", "0"}, flags...)...)
	if err != nil {
		return nil, "", 0, err
	}
	if address, err = p.Find(`on (http://\S+)`); err == nil {
		err = p.Until(ctx, func() (bool, error) {
			status, _, err := Get(ctx, address+"/readyz", "")
			return status == http.StatusOK, err
		})
	}
	if err != nil {
		return nil, "", 0, errors.Join(err, p.Stop())
	}
	return p, address, p.Age(), nil
}

// startServe measures a start; when rest is set it also reads the memory of the hub at rest.
func startServe(ctx context.Context, o Options, folder string, rest bool) (ms, mib float64, err error) {
	p, _, ms, err := Serve(ctx, o.Binary, "--data", folder)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, p.Stop()) }()
	if rest {
		select {
		case <-time.After(o.Idle):
			mib = resident(p.cmd.Process.Pid)
		case <-ctx.Done():
			return 0, 0, ctx.Err()
		}
	}
	return ms, mib, nil
}

// startDemo starts the demo and waits until a figure of its board shows a second value.
func startDemo(ctx context.Context, o Options, folder string) (ms float64, err error) {
	p, err := Launch(ctx, o.Binary, "demo", "--listen", "127.0.0.1:0", "--rate-limit", "0", "--data", folder)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, p.Stop()) }()
	address, err := p.Find(`board: +(http://\S+)`)
	if err != nil {
		return 0, err
	}
	key, err := p.Find(`API key: +(\S+)`)
	if err != nil {
		return 0, err
	}
	var seen []int64
	err = p.Until(ctx, func() (bool, error) {
		status, body, err := Get(ctx, address+"/api/v1/kpis", key)
		if err != nil || status != http.StatusOK {
			return false, err
		}
		var figures struct {
			Orders struct {
				Value int64 `json:"value"`
			} `json:"orders_today"`
		}
		if err := json.Unmarshal(body, &figures); err != nil {
			return false, fmt.Errorf("read the board's figures: %w", err)
		}
		if !slices.Contains(seen, figures.Orders.Value) {
			seen = append(seen, figures.Orders.Value)
		}
		return len(seen) > 1, nil
	})
	return p.Age(), err
}

// Process is the program under measurement.
type Process struct {
	cmd   *exec.Cmd
	lines *bufio.Scanner
	began time.Time
}

// Launch starts the program.
func Launch(ctx context.Context, binary string, args ...string) (*Process, error) {
	cmd := exec.CommandContext(ctx, binary, args...) //nolint:gosec // the program itself
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("read what %s says: %w", args[0], err)
	}
	p := &Process{cmd: cmd, lines: bufio.NewScanner(out), began: time.Now()}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", args[0], err)
	}
	return p, nil
}

// Age is how long ago the process began, in milliseconds.
func (p *Process) Age() float64 { return float64(time.Since(p.began).Microseconds()) / 1000 }

// Find reads what the process says up to a line that matches, and returns the group.
func (p *Process) Find(pattern string) (string, error) {
	re := regexp.MustCompile(pattern)
	for p.lines.Scan() {
		if m := re.FindStringSubmatch(p.lines.Text()); m != nil {
			return m[1], nil
		}
	}
	return "", fmt.Errorf("%s ended without saying %q", strings.Join(p.cmd.Args[1:], " "), pattern)
}

// Until asks again and again until it is done.
func (p *Process) Until(ctx context.Context, done func() (bool, error)) error {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		if ok, err := done(); ok || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Stop asks the process to end, and waits for it.
func (p *Process) Stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop %s: %w", p.cmd.Args[1], err)
	}
	for p.lines.Scan() { // what it still says, so that it does not wait for a reader
		continue
	}
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("%s: %w", p.cmd.Args[1], err)
	}
	return nil
}

// Get asks the hub; the key may be empty.
func Get(ctx context.Context, url, key string) (status int, body []byte, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, nil, err
	}
	if key != "" {
		request.Header.Set("Authorization", "Bearer "+key)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = answer.Body.Close() }() // was read
	body, err = io.ReadAll(answer.Body)
	return answer.StatusCode, body, err
}

// resident is a process's resident memory in MiB; 0 where the system does not say.
func resident(pid int) float64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if kib, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, _ := strconv.ParseFloat(strings.Fields(kib)[0], 64) // the kernel writes numbers
			return n / 1024
		}
	}
	return 0
}

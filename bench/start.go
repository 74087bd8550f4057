package bench

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
)

// StartOptions are those of Start.
type StartOptions struct {
	Binary string        // the program to start
	Runs   int           // starts of each command; the median counts
	Idle   time.Duration // how long an empty hub rests before its memory is read
	JSON   bool
	Out    io.Writer
}

// Started is the result of Start: medians of all runs.
type Started struct {
	Name    string  `json:"name"`
	Runs    int     `json:"runs"`
	ServeMS float64 `json:"serve_first_200_ms"`     // from process start to the first 200 of /readyz, empty folder
	AgainMS float64 `json:"serve_again_200_ms"`     // the same on a folder that has been served before
	DemoMS  float64 `json:"demo_moving_ms"`         // from process start to the second value of a figure on the board
	IdleMiB float64 `json:"idle_rss_mib,omitempty"` // resident memory of an empty hub at rest; 0 where the system does not say
	Bytes   int64   `json:"binary_bytes"`
}

// Bars of Start.
const (
	barServe  = 200      // ms
	barDemo   = 3000     // ms
	barIdle   = 60       // MiB
	barBinary = 40 << 20 // bytes
)

// Start measures how soon the program answers, how soon the demo's board moves, and what an idle
// hub needs. Every run is a process of its own on a fresh folder.
func Start(ctx context.Context, o StartOptions) (err error) {
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
	r := Started{
		Name: "start", Runs: o.Runs, ServeMS: median(first), AgainMS: median(again), DemoMS: median(demo),
		IdleMiB: median(idle), Bytes: info.Size(),
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
`, r.Runs, r.ServeMS, barServe, Met(r.ServeMS <= barServe), r.AgainMS, barServe, Met(r.AgainMS <= barServe),
		r.DemoMS, barDemo, Met(r.DemoMS <= barDemo), r.IdleMiB, barIdle, Met(r.IdleMiB <= barIdle),
		float64(r.Bytes)/(1<<20), barBinary>>20, Met(r.Bytes <= barBinary), r.ServeMS, r.DemoMS, r.IdleMiB)
	return err
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// startServe starts serve and waits for its first 200; when rest is set it also reads the memory
// of the hub at rest.
func startServe(ctx context.Context, o StartOptions, folder string, rest bool) (ms, mib float64, err error) {
	p, err := launch(ctx, o.Binary, "serve", "--listen", "127.0.0.1:0", "--data", folder)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	address, err := p.find(`on (http://\S+)`)
	if err != nil {
		return 0, 0, err
	}
	if err := p.until(ctx, func() (bool, error) {
		status, _, err := get(ctx, address+"/readyz", "")
		return status == http.StatusOK, err
	}); err != nil {
		return 0, 0, err
	}
	ms = p.age()
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
func startDemo(ctx context.Context, o StartOptions, folder string) (ms float64, err error) {
	p, err := launch(ctx, o.Binary, "demo", "--listen", "127.0.0.1:0", "--data", folder)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	address, err := p.find(`board: +(http://\S+)`)
	if err != nil {
		return 0, err
	}
	key, err := p.find(`API key: +(\S+)`)
	if err != nil {
		return 0, err
	}
	var seen []int64
	err = p.until(ctx, func() (bool, error) {
		status, body, err := get(ctx, address+"/api/v1/kpis", key)
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
	return p.age(), err
}

// process is the program under measurement.
type process struct {
	cmd   *exec.Cmd
	lines *bufio.Scanner
	began time.Time
}

func launch(ctx context.Context, binary string, args ...string) (*process, error) {
	cmd := exec.CommandContext(ctx, binary, args...) //nolint:gosec // the program itself
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("read what %s says: %w", args[0], err)
	}
	p := &process{cmd: cmd, lines: bufio.NewScanner(out), began: time.Now()}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", args[0], err)
	}
	return p, nil
}

// age is how long ago the process began, in milliseconds.
func (p *process) age() float64 { return float64(time.Since(p.began).Microseconds()) / 1000 }

// find reads what the process says up to a line that matches, and returns the group.
func (p *process) find(pattern string) (string, error) {
	re := regexp.MustCompile(pattern)
	for p.lines.Scan() {
		if m := re.FindStringSubmatch(p.lines.Text()); m != nil {
			return m[1], nil
		}
	}
	return "", fmt.Errorf("%s ended without saying %q", strings.Join(p.cmd.Args[1:], " "), pattern)
}

func (p *process) until(ctx context.Context, done func() (bool, error)) error {
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

func (p *process) stop() error {
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

func get(ctx context.Context, url, key string) (status int, body []byte, err error) {
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

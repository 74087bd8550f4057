package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
)

// patience is how long anything may take on the busiest machine; nothing waits for it to pass.
const patience = 2 * time.Minute

// asMain makes this test binary be the program: the tests start it as real processes, raced like
// themselves. Its exit code is 66 when the race detector has found something.
const asMain = "TEST_AS_CREATORFLOW"

func TestMain(m *testing.M) {
	if os.Getenv(asMain) != "" {
		main()
	}
	os.Exit(m.Run())
}

// command is the program with these arguments, in an environment without settings.
func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	c := exec.CommandContext(ctx, self, args...)
	c.Env = append(slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, "CREATORFLOW_") }), asMain+"=1")
	c.WaitDelay = time.Second
	return c
}

// exitCode of a process that has ended by itself.
func exitCode(t *testing.T, err error) int {
	t.Helper()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Exited() {
		return exit.ExitCode()
	}
	if err != nil {
		t.Fatal(err)
	}
	return 0
}

// once runs a process to its end.
func once(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	c := command(t, args...)
	var o, e bytes.Buffer
	c.Stdout, c.Stderr = &o, &e
	return exitCode(t, c.Run()), o.String(), e.String()
}

// done runs a process that must succeed without a word of complaint.
func done(t *testing.T, args ...string) string {
	t.Helper()
	code, out, errs := once(t, args...)
	if code != 0 || errs != "" {
		t.Fatalf("%v: exit %d, %q, %q", args, code, out, errs)
	}
	return out
}

// text is what a living process has printed so far.
type text struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (x *text) Write(p []byte) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.b.Write(p)
}

func (x *text) String() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.b.String()
}

// process is one that serves; url is where.
type process struct {
	*exec.Cmd
	t         *testing.T
	out, errs text
	url       string
}

var anyURL = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

// start runs a process that serves on a port of its own choice.
func start(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{Cmd: command(t, append(args, "--listen", "127.0.0.1:0")...), t: t}
	p.Stdout, p.Stderr = &p.out, &p.errs
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if p.ProcessState == nil { // the test failed before it stopped it
			_ = p.Process.Kill()
			_ = p.Wait()
		}
	})
	eventually(t, strings.Join(args, " ")+" says where it serves", func() bool {
		p.url = anyURL.FindString(p.out.String())
		return p.url != ""
	})
	return p
}

func startHub(t *testing.T, data string, args ...string) *process {
	t.Helper()
	p := start(t, append([]string{"serve", "--data", data, "--rate-limit", "0"}, args...)...)
	eventually(t, "the hub is ready", func() bool {
		status, _, _ := p.try(http.MethodGet, "/readyz", "", nil, nil)
		return status == http.StatusOK
	})
	return p
}

// end awaits the process's own end.
func (p *process) end() int {
	p.t.Helper()
	return exitCode(p.t, p.Wait())
}

// stop asks the process to end and wants it to do so in order.
func (p *process) stop() {
	p.t.Helper()
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	if code := p.end(); code != 0 || strings.Contains(p.errs.String(), "creatorflow:") { // besides what it logged
		p.t.Fatalf("stopped with exit %d, %q", code, p.errs.String())
	}
}

// try sends JSON and reads JSON; header may be nil.
func (p *process) try(method, path, key string, body, into any) (int, http.Header, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return 0, nil, err
	}
	request, err := http.NewRequestWithContext(p.t.Context(), method, p.url+path, bytes.NewReader(text))
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	if bearer, cookie := strings.CutPrefix(key, "cf_"); cookie {
		request.Header.Set("Authorization", "Bearer cf_"+bearer)
	} else if key != "" {
		request.Header.Set("Cookie", key)
	}
	if c, ok := body.(receive); ok {
		request.Header.Set("Idempotency-Key", c.id.String())
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err == nil && into != nil {
		err = json.Unmarshal(answer, into)
	}
	return response.StatusCode, response.Header, err
}

// ask is try that must be answered with 200.
func (p *process) ask(method, path, key string, body, into any) http.Header {
	p.t.Helper()
	status, header, err := p.try(method, path, key, body, into)
	if status != http.StatusOK || err != nil {
		p.t.Fatalf("%s %s: %d, %v", method, path, status, err)
	}
	return header
}

// receive is the command receive-stock under one key.
type receive struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
	Reason   string `json:"reason"`
	id       uuid.UUID
}

func receipt(sku string, quantity int64) receive {
	return receive{SKU: sku, Quantity: quantity, Reason: "delivered", id: uuid.Must(uuid.NewV7())}
}

const receiveStock = "/api/v1/commands/receive-stock"

func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("never: %s", what)
		}
	}
}

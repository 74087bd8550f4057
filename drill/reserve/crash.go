package reserve

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/eventlog"
)

// line is what is asked of a process, and what it answers, as a line of JSON.
type line struct {
	Number int
	Key    uuid.UUID
	Op     Operation
	Fault  string `json:",omitempty"`
}

// Serve decides what comes in by lines, each at once and under its key, until there are no more. Without keys it is
// the twin that does again what it is asked again.
func Serve(ctx context.Context, log *eventlog.Log, in io.Reader, out io.Writer, keys bool) error {
	var mu sync.Mutex
	answers := json.NewEncoder(out)
	var serving sync.WaitGroup
	defer serving.Wait()
	asked := bufio.NewScanner(in)
	for asked.Scan() {
		var l line
		if err := json.Unmarshal(asked.Bytes(), &l); err != nil {
			return fmt.Errorf("read what is asked: %w", err)
		}
		var key *eventlog.Key
		if keys {
			key = &eventlog.Key{Caller: "drill", ID: l.Key, Hash: sha256.Sum256([]byte(l.Op.Order.ID))}
		}
		serving.Go(func() {
			if err := ask(ctx, log, inventory.Reserve, &l.Op, key); err != nil {
				l.Fault = err.Error()
			}
			mu.Lock()
			defer mu.Unlock()
			_ = answers.Encode(l) // whoever is gone asks again
		})
	}
	return asked.Err()
}

// process is one life of what serves.
type process struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	ended chan struct{}
	fault error // of its end

	mu      sync.Mutex
	waiting map[int]chan line
	left    int           // answers until it is killed
	due     chan struct{} // closed then
}

func start(cmd *exec.Cmd, answers int) (*process, error) {
	p := &process{cmd: cmd, ended: make(chan struct{}), waiting: map[int]chan line{}, left: answers, due: make(chan struct{})}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("ask a process: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("hear a process: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start a process: %w", err)
	}
	p.in = in
	go func() {
		heard := bufio.NewScanner(out)
		for heard.Scan() {
			var l line
			if json.Unmarshal(heard.Bytes(), &l) == nil { // else it died while it wrote
				p.heard(l)
			}
		}
		p.fault = cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}

func (p *process) heard(l line) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if waiting := p.waiting[l.Number]; waiting != nil {
		waiting <- l // it has room
		delete(p.waiting, l.Number)
	}
	if p.left--; p.left == 0 {
		close(p.due)
	}
}

// ask asks once; false when the process ended without an answer.
func (p *process) ask(l line) (line, bool) {
	answer := make(chan line, 1)
	text, err := json.Marshal(l)
	if err != nil {
		return line{Fault: err.Error()}, true
	}
	p.mu.Lock()
	p.waiting[l.Number] = answer
	_, _ = p.in.Write(append(text, '\n')) // to one that has ended: it answers nothing
	p.mu.Unlock()
	select {
	case l := <-answer:
		return l, true
	case <-p.ended:
	}
	select { // its last words may have been the answer
	case l := <-answer:
		return l, true
	default:
		return line{}, false
	}
}

// Crashes is a rush on a log in a process that dies of SIGKILL again and again.
type Crashes struct {
	Launch  func() *exec.Cmd // of a process that serves the log by Serve
	Orders  []Order          // every other one is given back once it is reserved
	Callers int
	Kills   int
	Seed    uint64

	mu      sync.Mutex
	history []Operation
	again   int
	now     *process
	next    chan struct{} // closed when there is another process
}

// Run has the callers ask until each has its answers: whoever was left without one asks the next process under the same
// key. It returns the history, and how often somebody had to ask again.
func (c *Crashes) Run(ctx context.Context) (history []Operation, again int, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	c.next = make(chan struct{})
	begin := time.Now()
	done := make(chan struct{})
	var rushing, killing sync.WaitGroup
	for caller := range c.Callers {
		rushing.Go(func() {
			for i := caller; i < len(c.Orders); i += c.Callers {
				if err := c.order(ctx, begin, i); err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	killing.Go(func() {
		if err := c.lives(ctx, done); err != nil {
			cancel(err)
		}
	})
	rushing.Wait()
	close(done)
	killing.Wait()
	return c.history, c.again, context.Cause(ctx)
}

// lives runs one process after the other, kills all but the last, each after a number of answers that the seed gives, and ends
// that one in order.
func (c *Crashes) lives(ctx context.Context, done <-chan struct{}) error {
	rng := rand.New(rand.NewPCG(c.Seed, 3))
	each := len(c.Orders) / (c.Kills + 1)
	for life := 0; ; life++ {
		p, err := start(c.Launch(), 1+each/2+rng.IntN(each/2))
		if err != nil {
			return err
		}
		c.mu.Lock()
		c.now = p
		close(c.next)
		c.next = make(chan struct{})
		c.mu.Unlock()
		due := p.due
		if life == c.Kills {
			due = nil
		}
		select {
		case <-due:
			err = p.cmd.Process.Kill()
		case <-done:
			if err = p.in.Close(); life < c.Kills {
				err = errors.Join(err, fmt.Errorf("it was killed %d times, not %d", life, c.Kills))
			}
			<-p.ended
			return errors.Join(err, p.fault)
		case <-ctx.Done():
			err = p.cmd.Process.Kill()
		case <-p.ended:
			err = fmt.Errorf("the process ended by itself: %w", p.fault)
		}
		<-p.ended
		if err != nil || ctx.Err() != nil {
			return err
		}
	}
}

// order reserves for an order and perhaps gives it back.
func (c *Crashes) order(ctx context.Context, begin time.Time, i int) error {
	op, err := c.once(ctx, begin, 2*i, Operation{Order: c.Orders[i]})
	if err == nil && op.got() && i%2 == 0 {
		_, err = c.once(ctx, begin, 2*i+1, Operation{Order: c.Orders[i], Release: true})
	}
	return err
}

// once asks until there is an answer.
func (c *Crashes) once(ctx context.Context, begin time.Time, number int, op Operation) (Operation, error) {
	l := line{Number: number, Key: uuid.Must(uuid.NewV7()), Op: op}
	call := int64(time.Since(begin))
	var last *process
	for {
		c.mu.Lock()
		p, next := c.now, c.next
		c.mu.Unlock()
		if p == nil || p == last {
			select {
			case <-next:
				continue
			case <-ctx.Done():
				return op, ctx.Err()
			}
		}
		if last != nil {
			c.mu.Lock()
			c.again++
			c.mu.Unlock()
		}
		answer, ok := p.ask(l)
		if !ok {
			last = p
			continue
		}
		if answer.Fault != "" {
			return op, fmt.Errorf("order %s: %s", op.Order.ID, answer.Fault)
		}
		op.Call, op.Return, op.Answers = call, int64(time.Since(begin)), answer.Op.Answers
		c.mu.Lock()
		c.history = append(c.history, op)
		c.mu.Unlock()
		return op, nil
	}
}

package bubble

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestRunSaysWhatWentWrong(t *testing.T) {
	var held sync.Mutex
	held.Lock()
	t.Cleanup(held.Unlock) // lets the bubble that was given up on end
	for _, c := range []struct {
		name  string
		limit time.Duration
		do    func() error
		want  string
	}{
		{name: "an error", limit: time.Minute, do: func() error { return io.ErrUnexpectedEOF }, want: io.ErrUnexpectedEOF.Error()},
		{name: "a panic", limit: time.Minute, do: func() error { panic("out of eggs") }, want: "out of eggs"},
		{name: "a wait for ever", limit: time.Minute, do: func() error { <-make(chan int); return nil }, want: "deadlock"},
		{name: "a wait that time does not end", limit: time.Millisecond, do: func() error { held.Lock(); defer held.Unlock(); return nil }, want: ErrStill.Error()},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := Run(c.limit, c.do); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestADayTakesNoTime(t *testing.T) {
	var took time.Duration
	err := Run(time.Minute, func() error {
		began := time.Now()
		err := Sleep(context.Background(), 24*time.Hour)
		took = time.Since(began)
		return err
	})
	if err != nil || took != 24*time.Hour {
		t.Errorf("slept %s, %v", took, err)
	}
}

func TestNetwork(t *testing.T) {
	err := Run(time.Minute, func() error {
		n := newNetwork()
		if _, err := n.dial(context.Background(), "tcp", "127.0.0.1:80"); !errors.Is(err, errRefused) {
			t.Errorf("dialled nobody: %v", err)
		}
		l := n.listen(80)
		accepted := make(chan io.ReadWriteCloser)
		go func() {
			c, err := l.Accept()
			if err != nil {
				t.Error(err)
			}
			accepted <- c
		}()
		here, err := n.dial(context.Background(), "tcp", "127.0.0.1:80")
		if err != nil {
			return err
		}
		there := <-accepted
		if _, err := there.Write([]byte("hello")); err != nil {
			return err
		}
		text := make([]byte, 10)
		if k, err := here.Read(text); err != nil || string(text[:k]) != "hello" {
			t.Errorf("read %q, %v", text[:k], err)
		}
		began := time.Now()
		if err := here.SetReadDeadline(began.Add(time.Hour)); err != nil {
			return err
		}
		if _, err := here.Read(text); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != time.Hour {
			t.Errorf("read %v after %s, want a deadline after an hour", err, time.Since(began))
		}
		if err := here.SetReadDeadline(time.Time{}); err != nil {
			return err
		}
		if err := there.Close(); err != nil {
			return err
		}
		if _, err := here.Read(text); !errors.Is(err, io.EOF) {
			t.Errorf("read %v behind the end", err)
		}
		if _, err := here.Write(text); err == nil {
			t.Error("wrote to somebody who went away")
		}
		if err := l.Close(); err != nil {
			return err
		}
		if _, err := n.dial(context.Background(), "tcp", "127.0.0.1:80"); !errors.Is(err, errRefused) {
			t.Errorf("dialled somebody who went away: %v", err)
		}
		return here.Close()
	})
	if err != nil {
		t.Error(err)
	}
}

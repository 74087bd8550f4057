package sqlite

import (
	"context"
	"errors"
	"sync"
)

// readers are up to so many connections that read a file at once; who comes when all are taken waits. The one that was given
// back last is taken first: it has most of what is asked for prepared, and its pages at hand.
type readers struct {
	path  string
	taken chan struct{} // one for each that is

	mu     sync.Mutex // guards all below
	idle   []*session
	closed bool
}

func newReaders(path string, most int) *readers {
	return &readers{path: path, taken: make(chan struct{}, most)}
}

// take opens a connection when none is idle.
func (r *readers) take(ctx context.Context) (*session, error) {
	select {
	case r.taken <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	s, err := r.last()
	if s == nil && err == nil {
		s, err = openSession(r.path, "pragma query_only = 1")
	}
	if err != nil {
		<-r.taken
	}
	return s, err
}

var errNoReaders = errors.New("the file is closed")

func (r *readers) last() (*session, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, errNoReaders
	}
	n := len(r.idle)
	if n == 0 {
		return nil, nil //nolint:nilnil // none is idle
	}
	s := r.idle[n-1]
	r.idle = r.idle[:n-1]
	return s, nil
}

func (r *readers) give(s *session) {
	r.mu.Lock()
	r.idle = append(r.idle, s)
	r.mu.Unlock()
	<-r.taken
}

// close waits for those that are taken.
func (r *readers) close() error {
	for range cap(r.taken) {
		r.taken <- struct{}{}
	}
	defer func() {
		for range cap(r.taken) {
			<-r.taken
		}
	}()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	var errs []error
	for _, s := range r.idle {
		errs = append(errs, s.close())
	}
	r.idle = nil
	return errors.Join(errs...)
}

// Package pgserver runs a PostgreSQL server in a folder, from the machine's own packages: for tests,
// drills and benches. It listens on a Unix socket only and ends with its owner.
package pgserver

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// ErrNone says that this machine has no PostgreSQL to run.
var ErrNone = errors.New("no PostgreSQL server is installed: install Debian's package postgresql")

// startWithin is how long a server may take to answer, its recovery after a kill included.
const startWithin = time.Minute

// Server is a running server whose data stays in its folder after Stop or Kill.
type Server struct {
	bin, data, socket string
	settings          []string
	temporary         string // a folder that goes with the server
	account           *syscall.Credential
	process           *exec.Cmd
	done              chan error
}

// Start makes a cluster in dir, which must not exist or be empty, and runs a server on it. Settings
// are of postgresql.conf, e.g. "synchronous_commit=off". Run as root, the server gets an account of
// its own, which is let through the folder that dir is in.
func Start(ctx context.Context, dir string, settings ...string) (*Server, error) {
	s, err := Make(ctx, dir, settings...)
	if err != nil {
		return nil, err
	}
	return s, s.Restart(ctx)
}

// Make makes the cluster as Start does, and leaves the server to Restart.
func Make(ctx context.Context, dir string, settings ...string) (*Server, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // the server's account must get in
		return nil, fmt.Errorf("make the server's folder: %w", err)
	}
	s, err := prepare(filepath.Join(dir, "data"), settings)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(s.give(dir), s.letThrough(filepath.Dir(dir))); err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.socket))
	}
	initdb := s.command(ctx, "initdb", "--pgdata="+s.data, "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--data-checksums", "--no-sync")
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, errors.Join(fmt.Errorf("make a cluster: %w: %s", err, out), os.RemoveAll(s.socket))
	}
	return s, nil
}

// Adopt runs a server on a cluster that another has left.
func Adopt(ctx context.Context, data string) (*Server, error) {
	s, err := prepare(data, nil)
	if err != nil {
		return nil, err
	}
	err = filepath.WalkDir(data, func(name string, _ os.DirEntry, err error) error {
		return errors.Join(err, s.give(name)) // as much of it as a drill's disk has written is the drill's
	})
	dir := filepath.Dir(data)
	if err = errors.Join(err, s.letThrough(dir), s.letThrough(filepath.Dir(dir))); err == nil {
		err = s.Restart(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.socket))
	}
	return s, nil
}

func prepare(data string, settings []string) (s *Server, err error) {
	s = &Server{data: data, settings: settings}
	if s.bin, err = binaries(); err != nil {
		return nil, err
	}
	if s.account, err = account(); err != nil {
		return nil, err
	}
	// A socket's path may have 107 bytes, which a test's folder has alone.
	if s.socket, err = os.MkdirTemp("", "pg"); err != nil {
		return nil, fmt.Errorf("make the socket's folder: %w", err)
	}
	if err := s.give(s.socket); err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.socket))
	}
	return s, nil
}

// Move says where the cluster is found from here on; no server may run.
func (s *Server) Move(data string) { s.data = data }

// Account is whom the cluster's files must belong to.
func (s *Server) Account() (uid, gid uint32) {
	if s.account == nil {
		return uint32(os.Getuid()), uint32(os.Getgid()) //nolint:gosec // never negative here
	}
	return s.account.Uid, s.account.Gid
}

// Restart runs a server on the cluster again, after Kill or Stop, and returns when it answers.
func (s *Server) Restart(ctx context.Context) error {
	until := time.Now().Add(startWithin)
	for {
		err := s.run(ctx)
		if err == nil {
			return nil
		}
		// Orphans of a killed server hold its shared memory for a moment.
		if ctx.Err() != nil || time.Now().After(until) {
			return fmt.Errorf("start PostgreSQL: %w", err)
		}
	}
}

func (s *Server) run(ctx context.Context) error {
	args := []string{"-D", s.data, "-k", s.socket, "-c", "listen_addresses=", "-c", "max_connections=200"}
	for _, setting := range s.settings {
		args = append(args, "-c", setting)
	}
	log, err := os.OpenFile(filepath.Join(s.socket, "server.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the server has its own copy
	s.process = s.command(context.WithoutCancel(ctx), "postgres", args...)
	s.process.Stdout, s.process.Stderr = log, log
	s.process.SysProcAttr.Pdeathsig = syscall.SIGQUIT // it must not outlive whoever started it
	if err := s.process.Start(); err != nil {
		return err
	}
	done := make(chan error, 1)
	go func(p *exec.Cmd) { done <- p.Wait() }(s.process)
	s.done = done
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for {
		conn, err := pgx.Connect(ctx, s.URL("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case ended := <-done:
			s.process = nil
			text, _ := os.ReadFile(log.Name())
			return fmt.Errorf("the server ended (%w): %s", ended, text[max(0, len(text)-2000):])
		case <-ctx.Done():
			return errors.Join(ctx.Err(), s.Kill())
		case <-poll.C:
		}
	}
}

// URL names a database of the server.
func (s *Server) URL(database string) string {
	u := url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/" + database, RawQuery: url.Values{"host": {s.socket}}.Encode()}
	return u.String()
}

// Kill ends the server and its backends at once, as a crash does.
func (s *Server) Kill() error { return s.end(syscall.SIGQUIT, true) }

// Stop ends the server in order.
func (s *Server) Stop() error { return s.end(syscall.SIGINT, false) }

// Close stops the server and removes the socket's folder; the data stays, unless it was Temporary.
func (s *Server) Close() error {
	err := errors.Join(s.Stop(), os.RemoveAll(s.socket))
	if s.temporary != "" {
		err = errors.Join(err, os.RemoveAll(s.temporary))
	}
	return err
}

func (s *Server) end(signal syscall.Signal, expected bool) error {
	if s.process == nil {
		return nil
	}
	if err := s.process.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("end PostgreSQL: %w", err)
	}
	err := <-s.done
	s.process = nil
	if err != nil && !expected {
		return fmt.Errorf("end PostgreSQL: %w", err)
	}
	return nil
}

// give hands a folder to the account that the server runs as.
func (s *Server) give(dir string) error {
	if s.account == nil {
		return nil
	}
	if err := os.Chown(dir, int(s.account.Uid), int(s.account.Gid)); err != nil {
		return fmt.Errorf("give the folder to PostgreSQL's account: %w", err)
	}
	return nil
}

// letThrough lets the account pass a private folder, such as a temporary one, without reading it.
func (s *Server) letThrough(dir string) error {
	if s.account == nil {
		return nil
	}
	info, err := os.Stat(dir)
	if err == nil && info.Mode().Perm()&0o011 != 0o011 {
		err = os.Chmod(dir, info.Mode().Perm()|0o011)
	}
	if err != nil {
		return fmt.Errorf("let PostgreSQL's account pass: %w", err)
	}
	return nil
}

func (s *Server) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, filepath.Join(s.bin, name), args...) //nolint:gosec // a program of the package
	c.Dir = "/"
	c.SysProcAttr = &syscall.SysProcAttr{Credential: s.account}
	return c
}

// account is the one to run as: PostgreSQL refuses root. nil is our own.
func account() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(err, err2); err != nil {
			return nil, fmt.Errorf("read the account %s: %w", name, err)
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, errors.New("PostgreSQL cannot run as root and there is no account postgres or nobody")
}

// binaries finds the folder of initdb and postgres: Debian's newest, else that of the path.
func binaries() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", fmt.Errorf("look for PostgreSQL: %w", err)
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path)))) // another name is older than all
		return n
	}
	if len(found) > 0 {
		newest := slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })
		return filepath.Dir(newest), nil
	}
	path, err := exec.LookPath("initdb")
	if err != nil {
		return "", ErrNone
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return "", fmt.Errorf("look for PostgreSQL: %w", err)
	}
	return filepath.Dir(path), nil
}

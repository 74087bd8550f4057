package database

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/creatorflow/creatorflow/eventlog"
)

const (
	// takeWithin is how long a hub waits for the lock of one that has just ended: its server process
	// needs a moment to notice.
	takeWithin = 3 * time.Second
	takeAgain  = 100 * time.Millisecond
	holdAgain  = time.Second
)

// Hold keeps the database for one hub, by an advisory lock of a connection of its own. When the
// server goes away the lock goes with it; it is taken again as soon as the server is back.
type Hold struct {
	db   *Database
	name string
	pid  uint32 // of the server's process for the connection that had the lock last
	lost chan struct{}
	stop context.CancelFunc
	done chan struct{}
}

// Hold takes the database for this process alone. When another hub has it, the error is a sentence
// that says which.
func (d *Database) Hold(ctx context.Context) (*Hold, error) {
	host, err := os.Hostname()
	if err != nil {
		host = "this machine"
	}
	h := &Hold{db: d, name: fmt.Sprintf("process %d on %s", os.Getpid(), host), lost: make(chan struct{}), done: make(chan struct{})}
	conn, err := h.take(ctx)
	if err != nil {
		return nil, err
	}
	holding, stop := context.WithCancel(context.WithoutCancel(ctx))
	h.stop = stop
	go h.keep(holding, conn)
	return h, nil
}

// Lost is closed when another hub has taken the database while the server was away.
func (h *Hold) Lost() <-chan struct{} { return h.lost }

// Close gives the database back.
func (h *Hold) Close() {
	h.stop()
	<-h.done
}

// errTaken says that another hub has the database.
var errTaken = errors.New("in use")

func (h *Hold) take(ctx context.Context) (*pgx.Conn, error) {
	config := h.db.config.ConnConfig.Copy()
	config.RuntimeParams["application_name"] = h.name
	// A machine that vanished must not keep its lock for hours.
	config.RuntimeParams["tcp_keepalives_idle"] = "10"
	config.RuntimeParams["tcp_keepalives_interval"] = "5"
	config.RuntimeParams["tcp_keepalives_count"] = "3"
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, Judge(fmt.Errorf("take the database: %w", err))
	}
	for until := time.Now().Add(takeWithin); ; {
		var taken bool
		if err = conn.QueryRow(ctx, `select pg_try_advisory_lock(hashtext('creatorflow hub'))`).Scan(&taken); err == nil && taken {
			h.pid = conn.PgConn().PID()
			return conn, nil
		}
		if err != nil || time.Now().After(until) {
			break
		}
		select {
		case <-ctx.Done():
		case <-time.After(takeAgain):
		}
	}
	if err == nil {
		err = h.taken(ctx, conn)
	}
	return nil, errors.Join(Judge(err), conn.Close(context.WithoutCancel(ctx)))
}

// taken says who has the lock.
func (h *Hold) taken(ctx context.Context, conn *pgx.Conn) error {
	var holder string
	var pid uint32
	err := conn.QueryRow(ctx, `select a.application_name, a.pid from pg_locks l join pg_stat_activity a on a.pid = l.pid
		where l.locktype = 'advisory' and l.granted and l.database = (select oid from pg_database where datname = current_database())
		and l.objid = hashtext('creatorflow hub')::bigint & 4294967295`).Scan(&holder, &pid)
	if err != nil {
		holder = "another hub"
	}
	if pid == h.pid && err == nil {
		return fmt.Errorf("%w: the server has not noticed that this hub's last connection broke", eventlog.ErrAway)
	}
	return fmt.Errorf("the database %s is %w by %s: stop it, or name another database with --db", h.db.Name(), errTaken, holder)
}

// keep watches the connection, and takes the database again when the server was away.
func (h *Hold) keep(ctx context.Context, conn *pgx.Conn) {
	defer close(h.done)
	for {
		if conn != nil {
			_, _ = conn.WaitForNotification(ctx) // nobody notifies: it ends with the connection
			_ = conn.Close(context.WithoutCancel(ctx))
			conn = nil
		}
		if ctx.Err() != nil {
			return
		}
		var err error
		if conn, err = h.take(ctx); errors.Is(err, errTaken) {
			close(h.lost)
			return
		}
		if err != nil {
			select {
			case <-ctx.Done():
			case <-time.After(holdAgain):
			}
		}
	}
}

package bench

import (
	"context"
	"errors"
	"time"

	"github.com/creatorflow/creatorflow/storage/sqlite/native"
)

// checkpointAt is the log's own setting: pages of the write-ahead log.
const checkpointAt = 2000

type sqliteTable struct {
	conn              *native.Conn
	begin, commit     *native.Stmt
	add, set          *native.Stmt // a stream
	event, head       *native.Stmt
	data, id, seal    []byte
	streams, position int64 // the last of each
}

// openSQLiteTable takes the file over from the log that has made it.
func openSQLiteTable(p *Place, data []byte) (*sqliteTable, error) {
	if err := p.Close(); err != nil {
		return nil, err
	}
	b := &sqliteTable{data: data, id: make([]byte, 16), seal: make([]byte, 32)}
	var err error
	if b.conn, err = native.Open(p.Path); err != nil {
		return nil, err
	}
	if err := b.prepare(); err != nil {
		return nil, errors.Join(err, b.conn.Close())
	}
	return b, nil
}

func (b *sqliteTable) prepare() error {
	err := b.conn.Exec(`pragma synchronous = full; pragma cache_size = -64000`)
	for _, s := range []struct {
		into **native.Stmt
		sql  string
	}{
		{&b.begin, `begin immediate`},
		{&b.commit, `commit`},
		{&b.add, `insert into streams (id, workspace, kind, name, version, first) values (?1, ?2, ?3, ?4, ?5, ?6)`},
		{&b.set, `update streams set version = ?2 where id = ?1 and version = ?3`},
		{&b.event, `insert into events (position, stream, version, id, name, schema, at, occurred, actor, cause, correlation, data, crc, seal)
			values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)`},
		{&b.head, `update log_head set position = ?1, seal = ?2, at = ?3 where position = ?4`},
	} {
		if err == nil {
			*s.into, err = b.conn.Prepare(s.sql)
		}
	}
	return err
}

func (b *sqliteTable) batch(_ context.Context, calls []*bareCall) error {
	if err := b.begin.Run(); err != nil {
		return err
	}
	at, before := time.Now().UnixMicro(), b.position
	for _, c := range calls {
		if err := b.move(c); err != nil {
			return err
		}
		for range c.events {
			c.version++
			b.position++
			if err := b.insert(c, at); err != nil {
				return err
			}
		}
	}
	b.head.Int(1, b.position)
	b.head.Blob(2, b.seal)
	b.head.Int(3, at)
	b.head.Int(4, before)
	if err := b.head.Run(); err != nil {
		return err
	}
	if b.conn.Changes() != 1 {
		return errors.New("the log has moved on")
	}
	if err := b.commit.Run(); err != nil {
		return err
	}
	frames, err := b.conn.Frames()
	if err == nil && frames >= checkpointAt {
		_, err = b.conn.Checkpoint()
	}
	return err
}

// move compares and sets the head of the call's stream, or begins it.
func (b *sqliteTable) move(c *bareCall) error {
	if c.name != "" {
		b.streams++
		c.stream = b.streams
		b.add.Int(1, c.stream)
		b.add.Text(2, "main")
		b.add.Text(3, "order")
		b.add.Text(4, c.name)
		b.add.Int(5, int64(c.events))
		b.add.Int(6, b.position+1)
		c.name = ""
		return b.add.Run()
	}
	b.set.Int(1, c.stream)
	b.set.Int(2, c.version+int64(c.events))
	b.set.Int(3, c.version)
	if err := b.set.Run(); err != nil {
		return err
	}
	if b.conn.Changes() != 1 {
		return errors.New("a stream has moved on")
	}
	return nil
}

func (b *sqliteTable) insert(c *bareCall, at int64) error {
	q := b.event
	q.Int(1, b.position)
	q.Int(2, c.stream)
	q.Int(3, c.version)
	q.Blob(4, b.id)
	q.Text(5, "bench.measured")
	q.Int(6, 1)
	q.Int(7, at)
	q.Null(8)
	q.Text(9, meta.Actor)
	q.Text(10, meta.Cause)
	q.Text(11, meta.Correlation)
	q.Blob(12, b.data)
	q.Int(13, 0xdeadbeef)
	q.Null(14)
	return q.Run()
}

func (b *sqliteTable) close() error { return b.conn.Close() }

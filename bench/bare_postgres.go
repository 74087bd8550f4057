package bench

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
)

type postgresTable struct {
	place             *Place
	data              []byte
	streams, position int64 // the last of each
	month             int64
}

// batch sends the statements of one commit together and waits once.
func (b *postgresTable) batch(ctx context.Context, calls []*bareCall) error {
	now := time.Now().UTC()
	month := int64(now.Year()*12 + int(now.Month()) - 1)
	at, before := now.UnixMicro(), b.position
	var fresh, set, expect, after, stream, version []int64
	var names []string
	for _, c := range calls {
		if c.name != "" {
			b.streams++
			c.stream = b.streams
			names, fresh = append(names, c.name), append(fresh, c.stream)
			c.name = ""
		} else {
			set, expect, after = append(set, c.stream), append(expect, c.version), append(after, c.version+int64(c.events))
		}
		for range c.events {
			c.version++
			b.position++
			stream, version = append(stream, c.stream), append(version, c.version)
		}
	}
	var q pgx.Batch
	q.Queue(`begin`)
	if month != b.month {
		q.Queue(`select log.begin_month($1, $2)`, month, before+1)
		b.month = month
	}
	q.Queue(`insert into log.streams (id, workspace, kind, name, version, month)
		select f.id, 'main', 'order', f.name, $3, $4 from unnest($1::bigint[], $2::text[]) f (id, name)`, fresh, names, calls[0].events, month)
	q.Queue(`update log.streams s set version = b.after from unnest($1::bigint[], $2::bigint[], $3::bigint[]) b (id, expect, after)
		where s.id = b.id and s.version = b.expect`, set, expect, after)
	q.Queue(`insert into log.events (month, position, stream, version, id, name, schema, at, occurred, actor, cause, correlation, data, crc, seal)
		select $1, $2 + e.ord, e.stream, e.version, $3, 'bench.measured', 1, $4, null, $5, $6, $7, $8, 3735928559, null
		from unnest($9::bigint[], $10::bigint[]) with ordinality e (stream, version, ord)`,
		month, before, [16]byte{}, at, meta.Actor, meta.Cause, meta.Correlation, b.data, stream, version)
	q.Queue(`update log.head set position = $1, at = $2 where position = $3`, b.position, at, before)
	q.Queue(`commit`)
	results := b.place.DB.SendBatch(ctx, &q)
	for i := range q.Len() {
		tag, err := results.Exec()
		if err != nil {
			return errors.Join(err, results.Close())
		}
		if i == q.Len()-4 && tag.RowsAffected() != int64(len(set)) {
			return errors.Join(errors.New("a stream has moved on"), results.Close())
		}
	}
	return results.Close()
}

func (b *postgresTable) close() error { return b.place.Close() }

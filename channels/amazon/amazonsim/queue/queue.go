// Package queue is a message queue shaped like Amazon SQS: what is received stays hidden for a while and comes again unless
// it is deleted. Order is not kept, and a message may come twice. It has no lock: its caller serialises all use.
package queue

import (
	"crypto/md5" //nolint:gosec // the queue service sends it as a checksum, nothing trusts it
	"encoding/hex"
	"math/rand/v2"
	"strconv"
	"time"
)

// Message is one message as it is received.
type Message struct {
	ID, Receipt, MD5 string
	Body             string
	Times            int // it was received so often, this time included
}

// Queue is one queue. Its fields are fixed before use.
type Queue struct {
	Account, Name string
	Now           func() time.Time
	Rand          *rand.Rand
	Visibility    time.Duration // how long what was received stays hidden

	messages []*message
	serial   int
	Counts   Counts
}

// Counts are what happened since the start.
type Counts struct {
	Sent        int `json:"sent"`
	Received    int `json:"received"`
	Redelivered int `json:"redelivered"` // received again, because they had not been deleted in time
	Deleted     int `json:"deleted"`
}

type message struct {
	Message
	visible time.Time
}

// Send puts a message in, to be received from a time on.
func (q *Queue) Send(body string, from time.Time) {
	q.serial++
	sum := md5.Sum([]byte(body)) //nolint:gosec // what the protocol has, against damage and not against people
	q.messages = append(q.messages, &message{
		Message: Message{ID: "sim-" + strconv.Itoa(q.serial), Body: body, MD5: hex.EncodeToString(sum[:])}, visible: from,
	})
	q.Counts.Sent++
}

// Receive takes up to n messages that are visible, any of them, and hides them; next is when another one becomes visible, zero
// when none waits.
func (q *Queue) Receive(n int, hide time.Duration) (got []Message, next time.Time) {
	now := q.Now()
	for _, i := range q.Rand.Perm(len(q.messages)) {
		m := q.messages[i]
		switch {
		case m.visible.After(now):
			if next.IsZero() || m.visible.Before(next) {
				next = m.visible
			}
		case len(got) < n:
			q.serial++
			m.Receipt = m.ID + "#" + strconv.Itoa(q.serial) // only the newest receipt deletes
			m.visible = now.Add(hide)
			m.Times++
			q.Counts.Received++
			if m.Times > 1 {
				q.Counts.Redelivered++
			}
			got = append(got, m.Message)
		default:
			next = now
		}
	}
	return got, next
}

// Delete ends a message by its newest receipt; one that is gone already is no error.
func (q *Queue) Delete(receipt string) {
	for i, m := range q.messages {
		if m.Receipt == receipt && receipt != "" {
			q.messages = append(q.messages[:i], q.messages[i+1:]...)
			q.Counts.Deleted++
			return
		}
	}
}

// Len is how many messages there are, hidden ones included.
func (q *Queue) Len() int { return len(q.messages) }

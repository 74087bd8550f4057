package file

import "github.com/creatorflow/creatorflow/twin"

// Durability says how hard a commit presses on the disk.
type Durability string

// How commits are made.
const (
	Full   Durability = "FULL"   // a commit returns when it is on disk: log.db, vault.db
	Normal Durability = "NORMAL" // the last commits may be lost by a power cut: views.db
)

// Synchronous is the value of SQLite's pragma of that name.
func (d Durability) Synchronous() string {
	if twin.WeakSync {
		d = Normal
	}
	return string(d)
}

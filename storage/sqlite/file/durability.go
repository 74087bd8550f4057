package file

// Durability says how hard a commit presses on the disk.
type Durability string

// How commits are made.
const (
	Full   Durability = full     // a commit returns when it is on disk: log.db, vault.db
	Normal Durability = "NORMAL" // the last commits may be lost by a power cut: views.db
)

package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/uuid"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/storage/folder"
)

// markFile says in a data folder which log is its own, and where it was last, so that a --db that is
// forgotten or mistyped does not start a second, empty hub in silence.
const markFile = "log.id"

// mark is the content of the file: two lines.
type mark struct {
	log   uuid.UUID
	where string
}

// readMark reads the mark of a folder; there is none before its first start.
func readMark(dir string) (m mark, there bool, err error) {
	text, err := os.ReadFile(filepath.Join(dir, markFile)) //nolint:gosec // the owner's own folder
	if errors.Is(err, fs.ErrNotExist) {
		return m, false, nil
	}
	if err != nil {
		return m, false, fmt.Errorf("read which log is the folder's: %w", err)
	}
	id, where, _ := strings.Cut(string(text), "\n")
	if m.log, err = uuid.Parse(id); err != nil {
		return m, false, fmt.Errorf("%s does not name a log: remove it if the data is where --data and --db say", filepath.Join(dir, markFile))
	}
	m.where = strings.TrimSpace(where)
	return m, true, nil
}

// missing refuses to make a log in a folder that had one.
func missing(dir string) error {
	m, there, err := readMark(dir)
	if err != nil || !there {
		return err
	}
	if _, err := os.Stat(filepath.Join(dir, "log.db")); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if m.where == dir {
		return fmt.Errorf("log.db is missing in %s: put it back, or name an empty folder with --data to begin anew", dir)
	}
	return fmt.Errorf("the data of %s is in %s: name that database with --db, or an empty folder with --data to begin anew", dir, m.where)
}

// own refuses a log that is not the folder's, and marks a folder that has none or that found its log
// elsewhere.
func (s *Stores) own(ctx context.Context, dir string) error {
	head, err := s.Log.Head(ctx)
	if err != nil {
		return err
	}
	is := mark{head.LogID, s.Where}
	was, there, err := readMark(dir)
	switch {
	case err != nil:
		return err
	case there && was == is:
		return nil
	case there && was.log != is.log:
		return fmt.Errorf("the folder %s belongs to the log in %s, and %s has another one: name the right one with --db, or another folder with --data",
			dir, was.where, is.where)
	}
	if err := is.write(dir); err != nil {
		return fmt.Errorf("note which log is the folder's: %w", err)
	}
	return nil
}

// ownedBy refuses a folder that belongs to another log than this one, which is to move there: a start would
// refuse it, and by then the old place has ended.
func ownedBy(ctx context.Context, log eventlog.Store, dir string) error {
	head, err := log.Head(ctx)
	if err != nil {
		return err
	}
	if m, there, err := readMark(dir); err != nil || there && m.log != head.LogID {
		return errors.Join(err, fmt.Errorf("the folder %s belongs to another log, the one in %s: name another folder", dir, m.where))
	}
	return nil
}

// write puts the mark into a folder so that a power cut leaves it whole or as it was.
func (m mark) write(dir string) error {
	fresh := filepath.Join(dir, markFile+".new")
	file, err := os.OpenFile(fresh, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) //nolint:gosec // the owner's own folder
	if err != nil {
		return err
	}
	_, err = file.WriteString(m.log.String() + "\n" + m.where + "\n")
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = os.Rename(fresh, filepath.Join(dir, markFile))
	}
	if err != nil {
		return err
	}
	return folder.Sync(dir)
}

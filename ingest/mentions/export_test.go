package mentions

import "context"

// Read reads the feeds that are due, once.
func (f *Office) Read(ctx context.Context) error {
	_, err := f.round(ctx)
	return err
}

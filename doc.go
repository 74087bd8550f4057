// Package creatorflow holds no code. Its tests check what belongs to the
// repository as a whole: that the sources keep to the import table of
// ARCHITECTURE.md, and that every requirement of docs/requirements.md that is
// called done names a test that exists. The program is in cmd/creatorflow.
package creatorflow

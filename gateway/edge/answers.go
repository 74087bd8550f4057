package edge

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// Positioned is an answer with the log position its values come from.
type Positioned[B any] struct {
	Position int64 `header:"X-Log-Position"`
	Body     B
}

// Get is a route that reads.
func Get(path, id, summary string) huma.Operation {
	return huma.Operation{
		Method: http.MethodGet, Path: path, OperationID: id, Summary: summary, Tags: []string{"read"},
		Security: []map[string][]string{{"session": {}}, {"key": {}}},
	}
}

package stripe

import (
	"errors"
	"iter"
	"net/http"
	"slices"

	"github.com/stripe/stripe-go/v82"
	"github.com/stripe/stripe-go/v82/form"
)

// api is the library's way to the vendor, without its client: that one holds every resource there is, and the program
// would be a sixth larger for it.
type api struct {
	backend stripe.Backend
	key     string
}

// call makes one request, whose context stands in p.
func call[T any, A interface {
	*T
	stripe.LastResponseSetter
}](a api, method, path string, p stripe.ParamsContainer) (*T, error) {
	answer := new(T)
	return answer, a.backend.Call(method, path, a.key, p, A(answer))
}

// listed goes through a list, page by page.
func listed[T any](a api, path string, p stripe.ListParamsContainer) iter.Seq2[*T, error] {
	return through[T](stripe.GetIter(p, func(p *stripe.Params, b *form.Values) ([]any, stripe.ListContainer, error) {
		var page struct {
			stripe.APIResource
			stripe.ListMeta
			Data []*T `json:"data"`
		}
		err := a.backend.CallRaw(http.MethodGet, path, a.key, []byte(b.Encode()), p, &page)
		all, err := items(page.Data, err)
		return all, &page, err
	}))
}

// found goes through what a search finds, page by page.
func found[T any](a api, path string, p stripe.SearchParamsContainer) iter.Seq2[*T, error] {
	return through[T](stripe.GetSearchIter(p, func(p *stripe.Params, b *form.Values) ([]any, stripe.SearchContainer, error) {
		var page struct {
			stripe.APIResource
			stripe.SearchMeta
			Data []*T `json:"data"`
		}
		err := a.backend.CallRaw(http.MethodGet, path, a.key, []byte(b.Encode()), p, &page)
		all, err := items(page.Data, err)
		return all, &page, err
	}))
}

var errNoList = errors.New("an answer without a list, which is not an empty one")

// items refuses an answer that does not say what there is: taken for nothing, an order's money would be taken anew, or not given back.
func items[T any](data []*T, err error) ([]any, error) {
	if err != nil {
		return nil, err
	}
	if data == nil || slices.Contains(data, nil) {
		return nil, errNoList
	}
	out := make([]any, len(data))
	for i := range data {
		out[i] = data[i]
	}
	return out, nil
}

func through[T any](pages interface {
	Next() bool
	Current() any
	Err() error
},
) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		for pages.Next() {
			if one, ok := pages.Current().(*T); ok && !yield(one, nil) {
				return
			}
		}
		if err := pages.Err(); err != nil {
			yield(nil, err)
		}
	}
}

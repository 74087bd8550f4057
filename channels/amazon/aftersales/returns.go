package aftersales

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/amazon/wire"
)

const (
	sheetType     = "GET_FLAT_FILE_RETURNS_DATA_BY_RETURN_DATE"
	sheetEvery    = 30 * time.Minute            // between two reports that are asked for; the vendor makes one a minute
	sheetSpan     = 60*24*time.Hour - time.Hour // by when the return was asked for: the most that one report tells of, and clocks differ
	sheetPatience = 2 * time.Hour               // a report that is not made or cannot be had by then is given up and asked for again
	sheetLate     = 24 * time.Hour              // without any report for so long, a person is told
	maxSheet      = 32 << 20
	askingSheet   = "ask for the report of returns"
	readingSheet  = "read the report of returns"
)

// What the vendor's operation tables allow.
var (
	askQuota   = wire.Quota{PerSecond: 0.0167, Burst: 15}
	stateQuota = wire.Quota{PerSecond: 2, Burst: 15}
	sheetQuota = wire.Quota{PerSecond: 0.0167, Burst: 15}
)

// returns reads what came of the seller's own returns. Each report tells of all that were asked for lately, as they stand now: what
// one look could not take in comes with the next report.
type returns struct {
	line      *wire.Line
	documents documents
	place     wire.Place
	clock     func() time.Time

	looking  sync.Mutex // held by whoever looks; guards all up to mu
	asked    time.Time  // when a report was asked for last
	underWay string     // the report that is being made; empty = none
	missing  time.Time  // since when a report is wanted that has not come; zero = none is

	mu      sync.Mutex // guards all below
	claims  []channels.Claim
	invalid []channels.Invalid
}

// changed tells what the newest report says, once; a look asks for one when it is time, and a later look finds it made.
func (r *returns) changed(ctx context.Context, after string) (channels.ClaimPage, error) {
	if after == "" {
		fresh, late, err := r.look(ctx)
		switch {
		case late != nil:
			return channels.ClaimPage{Invalid: []channels.Invalid{*late}}, nil
		case err != nil || !fresh:
			return channels.ClaimPage{}, err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	from, _ := strconv.Atoi(after)
	from = min(max(from, 0), len(r.claims)) // the report may be another by now, and shorter
	page := channels.ClaimPage{Claims: slices.Clone(r.claims[from:min(from+maxOrders, len(r.claims))])}
	if from == 0 {
		page.Invalid = slices.Clone(r.invalid)
	}
	if from+maxOrders < len(r.claims) {
		page.Next = strconv.Itoa(from + maxOrders)
	}
	return page, nil
}

// known tells what the last report that was read says of some returns.
func (r *returns) known(of func(channels.Claim) bool) (found []channels.Claim) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.claims {
		if of(c) {
			found = append(found, c)
		}
	}
	return found
}

// look says whether there is a report that was not told yet, and that something is wrong where none has come for long.
func (r *returns) look(ctx context.Context) (fresh bool, late *channels.Invalid, err error) {
	if !r.looking.TryLock() {
		return false, nil, nil // somebody else does
	}
	defer r.looking.Unlock()
	now := r.clock()
	if fresh, err = r.step(ctx, now); fresh {
		r.missing = time.Time{}
		return true, nil, nil
	}
	if (r.missing.IsZero() || now.Before(r.missing)) && (err != nil || r.underWay != "") {
		r.missing = now
	}
	// What Amazon refuses once it refuses again, and a report that never comes must not keep the next one away.
	if waited := now.Sub(r.asked); waited < 0 || waited > sheetPatience || channels.ClassOf(err) == channels.Rejected {
		r.underWay = ""
	}
	if r.missing.IsZero() || now.Sub(r.missing) <= sheetLate || ctx.Err() != nil {
		return false, nil, err
	}
	why := "Amazon is still at it"
	if err != nil {
		why = channels.Short(err.Error(), 300)
	}
	day := r.missing.UTC().Format(time.DateOnly)
	return false, &channels.Invalid{Record: sheetName + " after " + day, Field: sheetName, Rule: "has not come since " + day + " (" + why + ")"}, nil
}

// step asks for a report when it is time, or looks for the one that is being made.
func (r *returns) step(ctx context.Context, now time.Time) (fresh bool, err error) {
	if r.underWay == "" {
		if waited := now.Sub(r.asked); waited >= 0 && waited < sheetEvery {
			return false, nil
		}
		return false, r.ask(ctx, now)
	}
	status, document, err := r.state(ctx)
	switch {
	case wire.NotFound(err), err == nil && status == "FATAL":
		r.underWay = ""
		return false, &channels.Failure{Class: channels.Retry, Call: readingSheet, Message: "Amazon could not make the report; the next is asked for in its turn", Err: err}
	case err != nil:
		return false, err
	case status == "CANCELLED": // so is one that would have no rows
		r.keep(nil, nil)
		return true, nil
	case status != "DONE":
		return false, nil
	}
	data, err := r.line.Call(ctx, wire.Request{
		Name: "read the document of returns", Method: http.MethodGet, Path: "/reports/2021-06-30/documents/" + url.PathEscape(document), Quota: sheetQuota,
	})
	if err != nil {
		return false, err
	}
	text, err := r.documents.get(ctx, readingSheet, data, maxSheet)
	if err != nil {
		return false, err
	}
	r.keep(readSheet(text, r.place))
	return true, nil
}

// keep remembers what a report says.
func (r *returns) keep(claims []channels.Claim, invalid []channels.Invalid) {
	r.underWay = ""
	r.mu.Lock()
	defer r.mu.Unlock()
	r.claims, r.invalid = claims, invalid
}

// ask has a report made.
func (r *returns) ask(ctx context.Context, now time.Time) error {
	data, err := r.line.Call(ctx, wire.Request{
		Name: askingSheet, Method: http.MethodPost, Path: "/reports/2021-06-30/reports", Quota: askQuota,
		Body: map[string]any{"reportType": sheetType, "marketplaceIds": []string{r.place.ID}, "dataStartTime": now.Add(-sheetSpan).UTC().Format(time.RFC3339)},
	})
	if err != nil {
		return err
	}
	var made struct {
		ID channels.Text `json:"reportId"`
	}
	if err := json.Unmarshal(data, &made); err != nil || made.ID == "" {
		return wire.Unreadable(askingSheet, errors.Join(err, errors.New("no report")))
	}
	r.underWay, r.asked = string(made.ID), now
	return nil
}

// state says how far the report is that is being made.
func (r *returns) state(ctx context.Context) (status, document string, err error) {
	data, err := r.line.Call(ctx, wire.Request{
		Name: readingSheet, Method: http.MethodGet, Path: "/reports/2021-06-30/reports/" + url.PathEscape(r.underWay), Quota: stateQuota,
	})
	if err != nil {
		return "", "", err
	}
	var is struct {
		Status   channels.Text `json:"processingStatus"`
		Document channels.Text `json:"reportDocumentId"`
	}
	if err := json.Unmarshal(data, &is); err != nil {
		return "", "", wire.Unreadable(readingSheet, err)
	}
	return string(is.Status), string(is.Document), nil
}

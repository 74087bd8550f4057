package mentions

import (
	"bytes"
	"cmp"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/creatorflow/creatorflow/channels"
)

// maxEntries is how many one feed may hold: each is kept, and whoever writes the feed may give them new ids at every read.
const maxEntries = 1000

// Why an answer is not read.
var (
	errNoFeed = errors.New("it is no RSS, Atom or JSON Feed")
	errLong   = fmt.Errorf("it has more than %d entries", maxEntries)
)

// parse reads a feed, the oldest entry first. An entry without an id is known by its address, else by its words.
func parse(body []byte) ([]mention, error) {
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")))
	read := parseXML
	if bytes.HasPrefix(body, []byte("{")) {
		read = parseJSON
	}
	said, err := read(body)
	if err != nil {
		return nil, err
	}
	if len(said) > maxEntries {
		return nil, errLong
	}
	for i := range said {
		m := &said[i]
		m.Title, m.Text = channels.Short(strings.TrimSpace(m.Title), maxID), channels.Short(strings.TrimSpace(m.Text), maxText)
		if m.URL = strings.TrimSpace(m.URL); len(m.URL) > maxURL || !isWeb(m.URL) {
			m.URL = ""
		}
		m.ID, m.Author = cmp.Or(strings.TrimSpace(m.ID), m.URL, m.Title+"\n"+m.Text), channels.Short(strings.TrimSpace(m.Author), maxID)
	}
	said = slices.DeleteFunc(said, func(m mention) bool { return m.ID == "\n" })
	slices.SortStableFunc(said, func(a, b mention) int { return a.At.Compare(b.At) })
	return said, nil
}

func parseJSON(body []byte) ([]mention, error) {
	type person struct {
		Name channels.Text `json:"name"`
	}
	var feed struct {
		Version string `json:"version"`
		Items   []struct {
			ID        channels.Text `json:"id"`
			URL       string        `json:"url"`
			External  string        `json:"external_url"`
			Title     string        `json:"title"`
			Text      string        `json:"content_text"`
			HTML      string        `json:"content_html"`
			Summary   string        `json:"summary"`
			Published string        `json:"date_published"`
			Modified  string        `json:"date_modified"`
			Author    person        `json:"author"`
			Authors   []person      `json:"authors"`
		} `json:"items"`
	}
	if err := json.Unmarshal(body, &feed); err != nil || !strings.Contains(feed.Version, "jsonfeed.org/version/") {
		return nil, errNoFeed
	}
	said := make([]mention, 0, len(feed.Items))
	for _, it := range feed.Items {
		m := mention{
			ID: string(it.ID), Title: it.Title, Text: cmp.Or(it.Text, it.HTML, it.Summary), URL: cmp.Or(it.URL, it.External),
			Author: string(it.Author.Name), At: dated(cmp.Or(it.Published, it.Modified)),
		}
		if len(it.Authors) > 0 {
			m.Author = string(it.Authors[0].Name)
		}
		said = append(said, m)
	}
	return said, nil
}

// words are an element's text, or its markup where it holds elements.
type words struct {
	Text  string `xml:",chardata"`
	Inner string `xml:",innerxml"`
}

func (w words) String() string { return cmp.Or(strings.TrimSpace(w.Text), w.Inner) }

// item is one of RSS.
type item struct {
	ID      string   `xml:"guid"`
	Title   words    `xml:"title"`
	Links   []string `xml:"link"` // others' extensions call theirs so, too
	Text    words    `xml:"description"`
	Content words    `xml:"http://purl.org/rss/1.0/modules/content/ encoded"`
	Date    string   `xml:"pubDate"`
	DCDate  string   `xml:"http://purl.org/dc/elements/1.1/ date"`
	Author  string   `xml:"author"`
	Creator string   `xml:"http://purl.org/dc/elements/1.1/ creator"`
}

// entry is one of Atom.
type entry struct {
	ID    string `xml:"id"`
	Title words  `xml:"title"`
	Links []struct {
		Rel  string `xml:"rel,attr"`
		Href string `xml:"href,attr"`
	} `xml:"link"`
	Summary   words  `xml:"summary"`
	Content   words  `xml:"content"`
	Published string `xml:"published"`
	Updated   string `xml:"updated"`
	Author    string `xml:"author>name"`
}

// parseXML reads RSS and Atom. Of a DOCTYPE nothing is read, so that no entity is anything but what HTML calls so.
func parseXML(body []byte) (said []mention, err error) {
	d := xml.NewDecoder(bytes.NewReader(body))
	d.Entity, d.CharsetReader = xml.HTMLEntity, decoded
	root, err := begin(d)
	if err != nil {
		return nil, err
	}
	var feed struct {
		Channel struct {
			Items []item `xml:"item"`
		} `xml:"channel"`
		Items   []item  `xml:"item"`  // of RSS 1.0, beside the channel
		Entries []entry `xml:"entry"` // of Atom
	}
	if !slices.Contains([]string{"rss", "RDF", "feed"}, root.Name.Local) {
		return nil, errNoFeed
	}
	if err := d.DecodeElement(&feed, &root); err != nil {
		return nil, fmt.Errorf("it is not well-formed: %w", err)
	}
	for _, it := range append(feed.Channel.Items, feed.Items...) {
		m := mention{
			ID: it.ID, Title: it.Title.String(), Text: cmp.Or(it.Content.String(), it.Text.String()), Author: cmp.Or(it.Creator, it.Author),
			At: dated(cmp.Or(it.Date, it.DCDate)),
		}
		for _, link := range it.Links {
			m.URL = cmp.Or(m.URL, strings.TrimSpace(link))
		}
		said = append(said, m)
	}
	for _, it := range feed.Entries {
		m := mention{
			ID: it.ID, Title: it.Title.String(), Text: cmp.Or(it.Content.String(), it.Summary.String()), Author: it.Author,
			At: dated(cmp.Or(it.Published, it.Updated)),
		}
		for _, link := range it.Links {
			if link.Rel == "" || link.Rel == "alternate" {
				m.URL = cmp.Or(m.URL, link.Href)
			}
		}
		said = append(said, m)
	}
	return said, nil
}

// begin finds the root.
func begin(d *xml.Decoder) (xml.StartElement, error) {
	for {
		switch token, err := d.Token(); t := token.(type) {
		case xml.StartElement:
			return t, nil
		default:
			if err != nil {
				return xml.StartElement{}, errNoFeed
			}
		}
	}
}

// decoded reads what is not UTF-8; more than Latin-1 is not known here.
func decoded(charset string, from io.Reader) (io.Reader, error) {
	switch strings.ToLower(charset) {
	case "utf-8", "utf8", "us-ascii", "ascii":
		return from, nil
	case "iso-8859-1", "latin1", "windows-1252":
		raw, err := io.ReadAll(from)
		out := make([]byte, 0, len(raw)+len(raw)/8)
		for _, b := range raw {
			out = utf8.AppendRune(out, rune(b))
		}
		return bytes.NewReader(out), err
	}
	return nil, fmt.Errorf("it is written in %s, which is not read; UTF-8 is", channels.Short(charset, 40))
}

// zones are those that RFC 822 has by name.
var zones = strings.NewReplacer(" GMT", " +0000", " UTC", " +0000", " UT", " +0000", " Z", " +0000", " EST", " -0500", " EDT", " -0400", " CST", " -0600",
	" CDT", " -0500", " MST", " -0700", " MDT", " -0600", " PST", " -0800", " PDT", " -0700")

// dated reads a date as feeds write it; the zero time when it cannot be read.
func dated(text string) time.Time {
	text = strings.TrimSpace(text)
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00", time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return sane(at)
		}
	}
	if _, rest, ok := strings.Cut(text, ","); ok { // the day of the week says nothing, and is wrong at times
		text = strings.TrimSpace(rest)
	}
	for _, layout := range []string{"2 Jan 2006 15:04:05 -0700", "2 Jan 2006 15:04 -0700", "2 Jan 06 15:04:05 -0700", "2 Jan 06 15:04 -0700"} {
		if at, err := time.Parse(layout, zones.Replace(text)); err == nil {
			return sane(at)
		}
	}
	return time.Time{}
}

// sane leaves out times that are none of anything said in a feed.
func sane(at time.Time) time.Time {
	if at.Year() < 1995 {
		return time.Time{}
	}
	return at.UTC()
}

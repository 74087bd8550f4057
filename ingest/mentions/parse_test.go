package mentions

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

const (
	rss = `<?xml version="1.0" encoding="ISO-8859-1"?>
<!DOCTYPE rss [<!ENTITY x "y">]>
<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/">
<channel><title>Blog</title><link>https://blog.example</link><atom:link href="https://blog.example/feed" rel="self"/>
<item><title>Caf` + "\xe9" + `&nbsp;mug</title><atom:link href="https://other.example"/><link>https://blog.example/2</link><guid isPermaLink="false">two</guid>
<description>short</description><content:encoded><![CDATA[<p>The <b>MUG-1</b></p>]]></content:encoded><pubDate>Mon, 02 Mar 2026 10:00:00 EST</pubDate><dc:creator>Ana</dc:creator></item>
<item><title>First</title><link>https://blog.example/1</link><pubDate>Sun, 1 Mar 2026 10:00 GMT</pubDate></item>
<item/>
</channel></rss>`
	atom = `<feed xmlns="http://www.w3.org/2005/Atom"><title>News</title>
<entry><id>urn:1</id><title type="html">A &lt;b&gt;case&lt;/b&gt;</title><link rel="self" href="https://n.example/self"/><link href="https://n.example/1"/>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">CASE-PRO</div></content><updated>2026-03-02T10:00:00+01:00</updated><author><name>Bo</name></author></entry></feed>`
	jsonFeed = `{"version":"https://jsonfeed.org/version/1.1","title":"J","items":[
{"id":7,"url":"https://j.example/7","content_html":"<p>hat</p>","date_published":"2026-03-02T10:00:00Z","authors":[{"name":"Cy"}]},
{"id":"","url":"javascript:alert(1)","title":"no address","content_text":"words"}]}`
	rdf = `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel><title>Old</title></channel><item><title>One</title><link>https://o.example/1</link><dc:date>2026-03-02</dc:date></item></rdf:RDF>`
)

func TestParse(t *testing.T) {
	day := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name, body string
		want       []mention
	}{
		{"RSS 2.0", rss, []mention{
			{ID: "https://blog.example/1", Title: "First", URL: "https://blog.example/1", At: day.Add(-14 * time.Hour)},
			{ID: "two", Title: "Café\u00a0mug", Text: "<p>The <b>MUG-1</b></p>", URL: "https://blog.example/2", Author: "Ana", At: day.Add(15 * time.Hour)},
		}},
		{"Atom", "\xef\xbb\xbf" + atom, []mention{
			{ID: "urn:1", Title: "A <b>case</b>", Text: `<div xmlns="http://www.w3.org/1999/xhtml">CASE-PRO</div>`, URL: "https://n.example/1", Author: "Bo", At: day.Add(9 * time.Hour)},
		}},
		{"JSON Feed", jsonFeed, []mention{
			{ID: "no address\nwords", Title: "no address", Text: "words"},
			{ID: "7", Text: "<p>hat</p>", URL: "https://j.example/7", Author: "Cy", At: day.Add(10 * time.Hour)},
		}},
		{"RSS 1.0", rdf, []mention{{ID: "https://o.example/1", Title: "One", URL: "https://o.example/1", At: day}}},
	} {
		got, err := parse([]byte(tt.body))
		if err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %v\n got %+v\nwant %+v", tt.name, err, got, tt.want)
		}
	}
	for name, body := range map[string]string{"a page": "<!doctype html><html><body>x</body></html>", "nothing": "", "other JSON": `{"items":[]}`, "words": "hello"} {
		if _, err := parse([]byte(body)); !errors.Is(err, errNoFeed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := parse([]byte("<rss><channel>" + strings.Repeat("<item><guid>x</guid></item>", maxEntries+1) + "</channel></rss>")); !errors.Is(err, errLong) {
		t.Errorf("too many entries: %v", err)
	}
	for name, body := range map[string]string{
		"cut off": rss[:len(rss)-40], "another alphabet": `<?xml version="1.0" encoding="Shift_JIS"?><rss/>`, "its own entity": `<!DOCTYPE rss [<!ENTITY x "y">]><rss><channel><item><title>&x;</title></item></channel></rss>`,
	} {
		if said, err := parse([]byte(body)); err == nil {
			t.Errorf("%s: %+v", name, said)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, body := range []string{rss, atom, jsonFeed, rdf, "<rss>", `{"version":"jsonfeed.org/version/1"}`} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		said, err := parse(body)
		for _, m := range said {
			if err != nil || m.ID == "" || len(m.Text) > maxText || m.URL != "" && !isWeb(m.URL) || !m.At.IsZero() && m.At.Year() < 1995 {
				t.Errorf("%v, %+v", err, m)
			}
		}
	})
}

func FuzzRead(f *testing.F) {
	for _, body := range []string{`{"id":"1","text":"hat","at":"2026-03-02T10:00:00Z"}`, `{"mentions":[{"id":"1","title":"hat","url":"https://x.example"}]}`, `{"mentions":[]}`, "[]"} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		said, reason := read(body)
		if (reason == "") != (len(said) > 0) || len(said) > maxMentions || strings.ContainsRune(reason, '\n') {
			t.Errorf("%d mentions, %q", len(said), reason)
		}
	})
}

package pronote

import (
	"maps"
	"strings"
	"testing"
)

var startTests = []struct {
	name string
	page string
	want start // nil: must be refused
}{
	{
		"seed", `<body id="id_body" role="application" onload="try { Start ({h:'2052117',sCrA:true,sCoA:true,a:3,d:true,MR:'C0FFEE',ER:'010001'}) } catch (e) { messageErreur (e) } " class="EspaceIndex">`,
		start{"h": "2052117", "sCrA": "true", "sCoA": "true", "a": "3", "d": "true", "MR": "C0FFEE", "ER": "010001"},
	},
	{
		"onload", `<body onload="try { Start ({h:'5374312',a:6,d:false,g:0}) } catch (e) { messageErreur (e) }">`,
		start{"h": "5374312", "a": "6", "d": "false", "g": "0"},
	},
	{
		"script, strict JSON", `<script>try{Start ({"h":5374312,"a":6,"d":false});}catch(e){x(e)}</script>`,
		start{"h": "5374312", "a": "6", "d": "false"},
	},
	{
		"entities", `<body onload="Start({&quot;h&quot;:&#39;12&#39;,a:3})">`,
		start{"h": "12", "a": "3"},
	},
	{
		"blanks, line ends and escapes", "Start\n(\n{ h : \"12\" ,\r\n a : 3 , e : 'it\\'s' , f : \"\\u00e9\\\"}\" }\n)",
		start{"h": "12", "a": "3", "e": "it's", "f": `é"}`},
	},
	{
		"other words first", `<p>Start here</p><script>function Start (o) {} onStart({h:1,a:1}); Start({a:3,h:'7'})</script>`,
		start{"h": "7", "a": "3"},
	},
	{"no call", `<body onload="init()">`, nil},
	{"no session", `Start({a:3})`, nil},
	{"no space", `Start({h:'1'})`, nil},
	{"session not a number", `Start({h:'1/../2',a:3})`, nil},
	{"space too big", `Start({h:'1',a:1234})`, nil},
	{"name twice", `Start({h:'1',a:3,a:4})`, nil},
	{"nested", `Start({h:'1',a:3,p:{x:1}})`, nil},
	{"open end", `Start({h:'1',a:3`, nil},
	{"open string", `Start({h:'1,a:3})`, nil},
	{"comma at the end", `Start({h:'1',a:3,})`, nil},
	{"too many", `Start({h:'1',a:3` + strings.Repeat(`,x:1`, 100) + `})`, nil},
	{"too long", `Start({h:'1',a:3,x:'` + strings.Repeat("x", maxStartLength) + `'})`, nil},
	{"too many calls", strings.Repeat("Start ", maxStartCalls) + `Start({h:'1',a:3})`, nil},
}

func TestFindStart(t *testing.T) {
	for _, tt := range startTests {
		got, err := findStart(tt.page)
		if (err != nil) != (tt.want == nil) || !maps.Equal(got, tt.want) {
			t.Errorf("%s: got %v, %v", tt.name, got, err)
		}
	}
}

func FuzzFindStart(f *testing.F) {
	for _, tt := range startTests {
		f.Add(tt.page)
	}
	f.Fuzz(func(t *testing.T, page string) {
		st, err := findStart(page)
		if err != nil {
			return
		}
		// The law: what is found can be sent back as numbers.
		if !isDigits(st["h"]) || !isDigits(st["a"]) || len(st) > maxStartFields {
			t.Errorf("%q: found %v", page, st)
		}
		if readBack, err := readPage(200, "", page); err != nil || readBack.start["h"] != st["h"] {
			t.Errorf("%q: page is %v, %v", page, readBack, err)
		}
	})
}

package vault

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math/bits"
	"slices"
)

// The engine has no checksums over its pages and trusts them: a damaged one makes it panic, go round in a circle, or
// write over pages that are in use. So whoever opens a vault goes through all pages first, by this code of ours: each
// must be as the engine writes it, belong to one place, and not be free. Only what is inside the keys and values is not
// looked at: records are authenticated. The file is read with ReadAt, for a mapped file that is too short ends the process.
//
// The format is that of bbolt 1.5 (internal/common), docs/vault-format.md describes it.

// Kinds of pages and the flag of a bucket among the entries of a leaf.
const (
	branchPage   = 0x01
	leafPage     = 0x02
	freelistPage = 0x10

	bucketEntry = 0x01
)

const (
	pageHeaderSize   = 16
	elementSize      = 16 // of a branch and of a leaf
	bucketHeaderSize = 16
	metaSize         = 64
	metaMagic        = 0xED0CDAED
	metaVersion      = 2
	noFreelist       = 1<<64 - 1
	manyFree         = 0xFFFF // as a count: the number is in the first entry of the list

	leastPageSize, mostPageSize = 1 << 9, 16 << 20
	mostKeySize                 = 1 << 15
	mostDepth                   = 64 // of pages above each other; 600 MB are 4 deep
)

// survey is what there is to say of the pages of a file that are in order.
type survey struct {
	txid     uint64         // of the last transaction
	pageSize int64          // bytes
	free     int64          // pages
	loose    int64          // pages that are neither used nor free: nothing is wrong with the others
	headLost bool           // one of the two heads is damaged: it may have been that of the last transaction
	records  map[string]int // how many each bucket of records has, by its name on disk
}

// PageDamage is one page that is not as it was written.
type PageDamage struct {
	Page uint64
	What string
}

func (d *PageDamage) Error() string { return fmt.Sprintf("page %d: %s", d.Page, d.What) }

// walker goes through the pages of a file.
type walker struct {
	file  io.ReaderAt
	meta  meta
	found survey

	used, free pageSet
	buffers    [][]byte // of the pages above each other

	// entry is called for each value in each bucket, if it is set, with the names of the buckets that it is in.
	entry func(path [][]byte, key []byte, value func() ([]byte, error)) error
	// tolerate is called for damage, if it is set: what hangs on the page is left out, and the walk goes on.
	tolerate func(*PageDamage)
}

// walkPages goes through all pages of a file of this size and returns the first damage. Nobody may write to it
// meanwhile.
func walkPages(file io.ReaderAt, size int64) (survey, error) {
	w := walker{file: file}
	if err := w.begin(size); err != nil {
		return survey{}, err
	}
	err := w.freelist()
	if err == nil {
		err = w.tree(branch{page: w.meta.root}, within{})
	}
	if err != nil {
		return survey{}, err
	}
	w.found.loose = int64(w.meta.pages) - 2 - w.used.len() - w.free.len()
	return w.found, nil
}

// walkDamaged calls entry for each value that can still be found in a file with damaged pages, and damaged for those.
func walkDamaged(file io.ReaderAt, size int64, entry func(path [][]byte, key []byte, value func() ([]byte, error)) error, damaged func(*PageDamage)) error {
	w := walker{file: file, entry: entry}
	if err := w.begin(size); err != nil {
		return err
	}
	listLost := false
	w.tolerate = func(d *PageDamage) { listLost = true; damaged(d) }
	if err := w.freelist(); err != nil {
		return err
	}
	w.tolerate = damaged
	w.used = make(pageSet, len(w.used))
	if listLost { // else what is free is old: who leads there is wrong, and nothing old is to come back
		w.free = pageSet{}
	}
	return w.tree(branch{page: w.meta.root}, within{})
}

func (w *walker) begin(size int64) (err error) {
	if w.meta, err = readMeta(w.file, size); err != nil {
		return err
	}
	w.used, w.free = make(pageSet, w.meta.pages/64+1), make(pageSet, w.meta.pages/64+1)
	w.found = survey{txid: w.meta.txid, pageSize: w.meta.pageSize, headLost: w.meta.alone, records: map[string]int{}}
	return nil
}

// failed tells of damage, if that is what err is, and returns what ends the walk.
func (w *walker) failed(err error) error {
	if damage, ok := errors.AsType[*PageDamage](err); ok && w.tolerate != nil {
		w.tolerate(damage)
		return nil
	}
	return err
}

// meta is what a transaction leaves at its end, with a checksum, in page 0 or 1.
type meta struct {
	pageSize             int64
	root, freelist, txid uint64
	pages                uint64 // those after it are not used yet
	alone                bool   // the other one is damaged
}

// readMeta finds the one of the last transaction, as the engine does.
func readMeta(file io.ReaderAt, size int64) (meta, error) {
	first, ok := parseMeta(file, 0)
	second := meta{}
	for at := int64(1 << 10); at <= mostPageSize && (!ok || at <= first.pageSize); at *= 2 {
		if ok && at != first.pageSize {
			continue
		}
		if m, valid := parseMeta(file, at); valid && m.pageSize == at {
			second = m
			break
		}
	}
	m := first
	if !ok || second.pageSize != 0 && second.txid > first.txid {
		m = second
	}
	m.alone = !ok || second.pageSize == 0
	switch {
	case m.pageSize == 0:
		return meta{}, &PageDamage{What: "there is no whole head"}
	case m.pageSize < leastPageSize, m.pageSize > mostPageSize, bits.OnesCount64(uint64(m.pageSize)) != 1:
		return meta{}, &PageDamage{What: fmt.Sprintf("the size of a page is %d", m.pageSize)}
	case m.pages < 3 || m.pages > uint64(size/m.pageSize):
		return meta{}, &PageDamage{What: fmt.Sprintf("the file is cut off: it has %d pages of %d", size/m.pageSize, m.pages)}
	}
	return m, nil
}

func parseMeta(file io.ReaderAt, at int64) (m meta, ok bool) {
	var b [pageHeaderSize + metaSize]byte
	if _, err := file.ReadAt(b[:], at); err != nil {
		return meta{}, false
	}
	order, body := binary.NativeEndian, b[pageHeaderSize:]
	sum := fnv.New64a()
	sum.Write(body[:metaSize-8]) // never fails
	if order.Uint32(body) != metaMagic || order.Uint32(body[4:]) != metaVersion || order.Uint64(body[56:]) != sum.Sum64() {
		return meta{}, false
	}
	return meta{
		pageSize: int64(order.Uint32(body[8:])),
		root:     order.Uint64(body[16:]),
		freelist: order.Uint64(body[32:]),
		pages:    order.Uint64(body[40:]),
		txid:     order.Uint64(body[48:]),
	}, true
}

// header is the beginning of each page.
type pageHeader struct {
	id       uint64
	kind     uint16
	count    int
	overflow uint64 // how many pages belong to it besides the first
}

func parsePageHeader(b []byte) pageHeader {
	order := binary.NativeEndian
	return pageHeader{order.Uint64(b), order.Uint16(b[8:]), int(order.Uint16(b[10:])), uint64(order.Uint32(b[12:]))}
}

// claim makes the pages of a header those of one place.
func (w *walker) claim(id uint64, h pageHeader) error {
	if h.id != id {
		return &PageDamage{Page: id, What: fmt.Sprintf("it says to be page %d", h.id)}
	}
	if h.overflow >= w.meta.pages-id {
		return &PageDamage{Page: id, What: fmt.Sprintf("it goes on for %d pages, beyond the end", h.overflow)}
	}
	for page := id; page <= id+h.overflow; page++ {
		if w.free.has(page) {
			return &PageDamage{Page: page, What: "it is used, and free"}
		}
		if !w.used.add(page) {
			return &PageDamage{Page: page, What: "it is used twice"}
		}
	}
	return nil
}

// inBounds tells whether there can be a page of that number besides the two heads.
func (w *walker) inBounds(id uint64) bool { return id >= 2 && id < w.meta.pages }

// freelist goes through the list of free pages.
func (w *walker) freelist() error {
	id := w.meta.freelist
	if id == noFreelist { // the engine makes one, of what was found in order here
		return nil
	}
	return w.failed(w.readFreelist(id))
}

func (w *walker) readFreelist(id uint64) error {
	if !w.inBounds(id) {
		return &PageDamage{Page: id, What: "the list of free pages is outside of the file"}
	}
	buffer := make([]byte, w.meta.pageSize)
	at := int64(id) * w.meta.pageSize
	if err := w.read(id, buffer, at); err != nil {
		return err
	}
	h := parsePageHeader(buffer)
	if h.kind != freelistPage {
		return &PageDamage{Page: id, What: fmt.Sprintf("it is of kind %#x and should be the list of free pages", h.kind)}
	}
	if err := w.claim(id, h); err != nil {
		return err
	}
	count, offset := uint64(h.count), int64(pageHeaderSize)
	if count == manyFree {
		if count, offset = binary.NativeEndian.Uint64(buffer[offset:]), offset+8; count < manyFree {
			return &PageDamage{Page: id, What: "it does not say how many free pages it lists"}
		}
	}
	room := (int64(h.overflow)+1)*w.meta.pageSize - offset
	if count > uint64(room/8) {
		return &PageDamage{Page: id, What: fmt.Sprintf("it lists %d free pages, which it has no room for", count)}
	}
	for rest := buffer[offset:]; count > 0; rest = buffer {
		for ; len(rest) >= 8 && count > 0; rest, count = rest[8:], count-1 {
			free := binary.NativeEndian.Uint64(rest)
			if !w.inBounds(free) || w.used.has(free) || !w.free.add(free) {
				return &PageDamage{Page: id, What: fmt.Sprintf("it lists page %d as free, which is outside of the file, in use, or listed before", free)}
			}
			w.found.free++
		}
		if count == 0 {
			break
		}
		at += w.meta.pageSize
		if err := w.read(id, buffer, at); err != nil {
			return err
		}
	}
	return nil
}

func (w *walker) read(page uint64, b []byte, at int64) error {
	if _, err := w.file.ReadAt(b, at); err != nil {
		return &PageDamage{Page: page, What: "it cannot be read: " + err.Error()}
	}
	return nil
}

// within is the bucket that is gone through, by the names of those that it is in, and its own. The one at the top, of
// all others, has none.
type within struct{ path [][]byte }

// holdsBuckets tells whether nothing else belongs there.
func (in within) holdsBuckets() bool {
	return len(in.path) == 0 || len(in.path) == 1 && bytes.Equal(in.path[0], recordsBucket)
}

// ofRecords tells whether it is a bucket of records.
func (in within) ofRecords() bool { return len(in.path) == 2 && bytes.Equal(in.path[0], recordsBucket) }

// into is a bucket in it.
func (in within) into(name []byte) within { return within{append(slices.Clip(in.path), name)} }

// branch is a page and what the one above says of it: its keys are from low on and below high, each nil for no bound.
type branch struct {
	page      uint64
	low, high []byte
	depth     int
}

// tree goes through a page and all below it.
func (w *walker) tree(b branch, in within) error { return w.failed(w.page(b, in)) }

func (w *walker) page(b branch, in within) error {
	if !w.inBounds(b.page) {
		return &PageDamage{Page: b.page, What: "it is outside of the file, and another leads to it"}
	}
	if b.depth >= mostDepth {
		return &PageDamage{Page: b.page, What: "too many pages are above it"}
	}
	for len(w.buffers) <= b.depth {
		w.buffers = append(w.buffers, make([]byte, w.meta.pageSize))
	}
	at := int64(b.page) * w.meta.pageSize
	v := view{page: b.page, loaded: w.buffers[b.depth], file: w.file, at: at}
	if err := w.read(b.page, v.loaded, at); err != nil {
		return err
	}
	h := parsePageHeader(v.loaded)
	if h.kind != branchPage && h.kind != leafPage {
		return &PageDamage{Page: b.page, What: fmt.Sprintf("it is of kind %#x and should be one of the tree", h.kind)}
	}
	if err := w.claim(b.page, h); err != nil {
		return err
	}
	v.size = (int64(h.overflow) + 1) * w.meta.pageSize
	used, err := w.entries(v, h, b, in)
	if err == nil && (used+w.meta.pageSize-1)/w.meta.pageSize != int64(h.overflow)+1 {
		err = &PageDamage{Page: b.page, What: fmt.Sprintf("it has %d bytes on %d pages", used, h.overflow+1)}
	}
	return err
}

// entries goes through the entries of a page and returns how many bytes it uses.
func (w *walker) entries(v view, h pageHeader, b branch, in within) (used int64, err error) {
	if h.count == 0 && (h.kind == branchPage || bytes.ContainsFunc(v.loaded[pageHeaderSize:], func(r rune) bool { return r != 0 })) {
		return 0, v.damage("it says to be empty") // an empty leaf has zeros
	}
	used = pageHeaderSize + elementSize*int64(h.count) // the data follow the elements, without gaps
	if h.kind == leafPage && in.ofRecords() {
		w.found.records[string(in.path[1])] += h.count
	}
	var e, next entry
	for i := range h.count {
		if i == 0 {
			if next, err = v.entry(h.kind, 0, used); err != nil {
				return 0, err
			}
		}
		e = next
		used = e.end
		if err := w.failed(e.checkOrder(v, b)); err != nil {
			return 0, err
		}
		below := branch{page: e.page, low: e.key, high: b.high, depth: b.depth + 1}
		if i+1 < h.count {
			if next, err = v.entry(h.kind, i+1, used); err != nil {
				return 0, err
			}
			if bytes.Compare(e.key, next.key) >= 0 {
				if err := w.failed(v.damage("its entry %d is out of order", i+1)); err != nil {
					return 0, err
				}
			}
			below.high = next.key
		}
		if h.kind == branchPage {
			err = w.tree(below, in)
		} else {
			err = w.leaf(v, e, in, b.depth)
		}
		if err != nil {
			return 0, err
		}
	}
	return used, nil
}

// leaf looks at an entry of a leaf.
func (w *walker) leaf(v view, e entry, in within, depth int) error {
	if !e.bucket {
		if in.holdsBuckets() {
			return w.failed(v.damage("it has a value where a bucket should be"))
		}
		if w.entry != nil {
			v, e := v, e // what the closure takes is allocated, which a look alone need not pay
			return w.entry(in.path, e.key, func() ([]byte, error) { return v.bytes(e.value, e.end-e.value) })
		}
		return nil
	}
	if e.end-e.value < bucketHeaderSize {
		return w.failed(v.damage("a bucket in it is cut off"))
	}
	value, err := v.bytes(e.value, bucketHeaderSize)
	if err != nil {
		return err
	}
	below := branch{page: binary.NativeEndian.Uint64(value), depth: depth + 1}
	if below.page != 0 {
		return w.tree(below, in.into(e.key))
	}
	return w.failed(w.inline(v, e, below, in.into(e.key)))
}

// inline goes through a small bucket, which is a leaf without a page of its own.
func (w *walker) inline(v view, e entry, b branch, in within) error {
	if b.depth >= mostDepth {
		return v.damage("too many buckets are in each other")
	}
	content, err := v.bytes(e.value+bucketHeaderSize, e.end-e.value-bucketHeaderSize)
	if err != nil {
		return err
	}
	if len(content) < pageHeaderSize {
		return v.damage("a small bucket in it is cut off")
	}
	h := parsePageHeader(content)
	if h.id != 0 || h.kind != leafPage || h.overflow != 0 {
		return v.damage("a small bucket in it has a damaged head")
	}
	used, err := w.entries(view{page: v.page, loaded: content, size: int64(len(content))}, h, b, in)
	if err == nil && used != int64(len(content)) {
		err = v.damage("a small bucket in it has %d bytes of %d", used, len(content))
	}
	return err
}

// view is a page, or a small bucket within one, of which the beginning is in memory.
type view struct {
	page   uint64
	loaded []byte
	size   int64 // with the pages that belong to it
	file   io.ReaderAt
	at     int64 // in the file
}

func (v view) damage(what string, args ...any) *PageDamage {
	return &PageDamage{Page: v.page, What: fmt.Sprintf(what, args...)}
}

// bytes returns a part of it.
func (v view) bytes(at, n int64) ([]byte, error) {
	if at < 0 || n < 0 || at > v.size || n > v.size-at {
		return nil, v.damage("something in it ends %d bytes behind it", at+n-v.size)
	}
	if at+n <= int64(len(v.loaded)) {
		return v.loaded[at : at+n], nil
	}
	b := make([]byte, n)
	if _, err := v.file.ReadAt(b, v.at+at); err != nil {
		return nil, v.damage("it cannot be read: %v", err)
	}
	return b, nil
}

// entry is one of a page.
type entry struct {
	key        []byte
	page       uint64 // of a branch: where it leads
	bucket     bool
	value, end int64 // where those are
}

// entry reads the one whose data should begin at start.
func (v view) entry(kind uint16, i int, start int64) (entry, error) {
	at := pageHeaderSize + elementSize*int64(i)
	b, err := v.bytes(at, elementSize)
	if err != nil {
		return entry{}, err
	}
	order := binary.NativeEndian
	e, position, keySize, valueSize := entry{}, int64(0), int64(0), int64(0)
	if kind == branchPage {
		position, keySize, e.page = int64(order.Uint32(b)), int64(order.Uint32(b[4:])), order.Uint64(b[8:])
	} else {
		flags := order.Uint32(b)
		if flags&^bucketEntry != 0 {
			return entry{}, v.damage("its entry %d is of kind %#x", i, flags)
		}
		e.bucket = flags == bucketEntry
		position, keySize, valueSize = int64(order.Uint32(b[4:])), int64(order.Uint32(b[8:])), int64(order.Uint32(b[12:]))
	}
	if at+position != start || keySize == 0 || keySize > mostKeySize {
		return entry{}, v.damage("its entry %d is not where it should be", i)
	}
	e.value, e.end = start+keySize, start+keySize+valueSize
	if e.key, err = v.bytes(start, keySize); err != nil {
		return entry{}, err
	}
	if e.end > v.size {
		return entry{}, v.damage("its entry %d ends behind it", i)
	}
	return e, nil
}

// checkOrder compares the key with what the page above says.
func (e entry) checkOrder(v view, b branch) error {
	if b.low != nil && bytes.Compare(e.key, b.low) < 0 || b.high != nil && bytes.Compare(e.key, b.high) >= 0 {
		return v.damage("a key in it belongs elsewhere")
	}
	return nil
}

// pageSet is a set of pages, a bit for each.
type pageSet []uint64

func (s pageSet) has(page uint64) bool {
	return page/64 < uint64(len(s)) && s[page/64]&(1<<(page%64)) != 0
}

// add tells whether the page was not in the set.
func (s pageSet) add(page uint64) bool {
	if s.has(page) {
		return false
	}
	s[page/64] |= 1 << (page % 64)
	return true
}

func (s pageSet) len() (n int64) {
	for _, word := range s {
		n += int64(bits.OnesCount64(word))
	}
	return n
}

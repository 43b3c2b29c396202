package gitstore_test

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/go-prompty/prompty"
)

// workerEnv makes the test binary a worker instead: "read dir" or
// "stress seed options dir".
const workerEnv = "GITSTORE_TEST_WORKER"

func work(job string) {
	kind, rest, _ := strings.Cut(job, " ")
	switch kind {
	case "read":
		s, err := tryOpen(rest, "owner=any")
		if err == nil {
			_, err = s.Get(context.Background(), "a")
		}
		fmt.Println(err)
	case "stress":
		f := strings.SplitN(rest, " ", 3)
		seed, _ := strconv.ParseUint(f[0], 10, 64)
		if err := stressWork(seed, f[1], f[2]); err != nil {
			fmt.Printf("error %v\n", strings.ReplaceAll(err.Error(), "\n", " "))
			os.Exit(1)
		}
	}
}

// body is a text that shows whether it is whole, and which one it is.
func body(id string, size int) string {
	text := id + "\n" + strings.Repeat(id+" ", size/(len(id)+1)+1)
	return fmt.Sprintf("%s\n%08x\n", text, crc32.ChecksumIEEE([]byte(text)))
}

// whole returns the ID of a body, or false if it is not as body made it.
func whole(text string) (id string, ok bool) {
	i := strings.LastIndexByte(strings.TrimSuffix(text, "\n"), '\n')
	if i < 0 || fmt.Sprintf("%08x\n", crc32.ChecksumIEEE([]byte(text[:i]))) != text[i+1:] {
		return "", false
	}
	id, _, _ = strings.Cut(text, "\n")
	return id, true
}

var stressNames = []string{"a", "b/c", "b/d", "e/f/g", "größe"}

// stressWork saves, reads and deletes until it is killed, and says what was
// acknowledged: "saved name version id body" and "hid name version".
func stressWork(seed uint64, options, dir string) error {
	rnd := rand.New(rand.NewPCG(seed, 1))
	s, err := tryOpen(dir, options)
	if err != nil {
		return err
	}
	ctx := context.Background()
	saved := func(x *prompty.StoredTemplate) {
		id, _ := whole(x.Source)
		fmt.Println("saved", x.Name, x.Version, x.ID, id)
	}
	torn := func(x *prompty.StoredTemplate) error {
		if _, ok := whole(x.Source); !ok {
			return fmt.Errorf("%s version %d (%s) is torn: %d bytes, %.80q", x.Name, x.Version, x.ID, len(x.Source), x.Source)
		}
		return nil
	}
	for i := 0; ; i++ {
		name := stressNames[rnd.IntN(len(stressNames))]
		tmpl := &prompty.StoredTemplate{Name: name, Source: body(fmt.Sprintf("s%d.%d", seed, i), rnd.IntN(20_000))}
		err, what := error(nil), ""
		if rnd.IntN(12) == 0 { // so that git gets its turn, which does not wait for anybody
			time.Sleep(time.Duration(rnd.IntN(200)) * time.Millisecond)
		}
		switch k := rnd.IntN(40); {
		case k == 0:
			what, err = "Delete", s.Delete(ctx, name)
		case k < 4:
			what = "DeleteVersion"
			var list []int
			if list, err = s.ListVersions(ctx, name); err == nil && len(list) > 0 {
				n := list[rnd.IntN(min(len(list), 3))]
				if err = s.DeleteVersion(ctx, name, n); err == nil {
					fmt.Println("hid", name, n)
				}
			}
		case k < 6:
			what = "List"
			var list []*prompty.StoredTemplate
			if list, err = s.List(ctx, &prompty.TemplateQuery{IncludeAllVersions: k == 5, NamePrefix: name[:1]}); err == nil {
				for _, x := range list {
					err = errors.Join(err, torn(x))
				}
			}
		case k < 10:
			what = "Get"
			var x *prompty.StoredTemplate
			if x, err = s.Get(ctx, name); err == nil {
				err = torn(x)
			}
		case k < 12:
			what = "SaveIf"
			var x *prompty.StoredTemplate
			if x, err = s.Get(ctx, name); err == nil {
				if err = s.SaveIf(ctx, tmpl, x.Version); err == nil {
					saved(tmpl)
				}
			}
		case k < 14: // loose objects, or a pack
			what = "SaveAll"
			list := []*prompty.StoredTemplate{tmpl}
			for j := range rnd.IntN(30) {
				list = append(list, &prompty.StoredTemplate{Name: fmt.Sprintf("many/%d", j), Source: body(fmt.Sprintf("m%d.%d.%d", seed, i, j), rnd.IntN(3000))})
			}
			call := s.SaveAll
			if k == 13 {
				call = s.SaveEach
			}
			if err = call(ctx, list); err == nil {
				for _, x := range list {
					saved(x)
				}
			}
		case k < 16:
			what = "History"
			_, err = s.History(ctx, name)
		case k < 18: // what is there already
			what = "Save again"
			var x *prompty.StoredTemplate
			if x, err = s.Get(ctx, name); err == nil {
				tmpl.Source = x.Source
				if err = s.Save(ctx, tmpl); err == nil {
					saved(tmpl)
				}
			}
		default:
			what = "Save"
			if err = s.Save(ctx, tmpl); err == nil {
				saved(tmpl)
			}
		}
		if err != nil && !errors.Is(err, prompty.ErrTemplateNotFound) && !errors.Is(err, prompty.ErrConflict) {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
}

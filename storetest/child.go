package storetest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/go-prompty/prompty"
)

const (
	sharedName = "shared" // everybody saves it, nobody deletes it
	churnName  = "churn"  // everybody saves and deletes it
)

// childMain is a process of Processes. It works until its standard input ends
// or it is killed, and prints one line for each save that was acknowledged.
func childMain(open func(string) (prompty.TemplateStorage, error)) {
	var stop atomic.Bool
	go func() {
		io.Copy(io.Discard, os.Stdin) // ends when the parent ends it, or ends itself
		stop.Store(true)
	}()
	s, err := open(os.Getenv(placeVariable))
	if err == nil {
		number, writers := os.Getenv(numberVariable), 1
		fmt.Sscan(os.Getenv(writersVariable), &writers)
		errs := make([]error, writers)
		var wg sync.WaitGroup
		for w := range errs {
			wg.Go(func() {
				if errs[w] = childWork(s, fmt.Sprint(number, ".", w), &stop); errs[w] != nil {
					stop.Store(true)
				}
			})
		}
		wg.Wait()
		err = errors.Join(append(errs, s.Close())...)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func childWork(s prompty.TemplateStorage, number string, stop *atomic.Bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*standardPatience)
	defer cancel()
	seen := 0 // the latest version of the shared name that was read
	for i := 0; !stop.Load(); i++ {
		name := sharedName
		switch i % 4 {
		case 1:
			name = "own/" + number
		case 3:
			name = churnName
		}
		text, sum := selfChecking(number, os.Getpid(), i)
		tmpl := &prompty.StoredTemplate{Name: name, Source: text, Tags: []string{"by " + number}}
		if err := childSave(ctx, s, tmpl, i%8 == 2, seen); err != nil {
			return err
		}
		if tmpl.Version > 0 {
			fmt.Println("acknowledged", name, tmpl.Version, sum)
		}
		got, err := s.Get(ctx, sharedName)
		if err != nil && seen > 0 || err != nil && !errors.Is(err, prompty.ErrTemplateNotFound) {
			return fmt.Errorf("Get(%q): %w", sharedName, err)
		}
		if err == nil {
			if got.Version < seen {
				return fmt.Errorf("Get(%q) gave version %d after version %d", sharedName, got.Version, seen)
			}
			seen = got.Version
			if _, whole := checkText(got.Source); !whole {
				return fmt.Errorf("%s@%d is not whole: %d bytes", sharedName, seen, len(got.Source))
			}
		}
		if name != churnName {
			continue
		}
		if err := childChurn(ctx, s, i, tmpl.Version); err != nil {
			return err
		}
	}
	return nil
}

// childSave saves, on condition where it is asked to and the storage can. A
// conflict leaves tmpl without a version.
func childSave(ctx context.Context, s prompty.TemplateStorage, tmpl *prompty.StoredTemplate, onCondition bool, base int) error {
	if _, ok := prompty.As[prompty.ConditionalSaver](s); ok && onCondition {
		err := prompty.SaveIf(ctx, s, tmpl, base)
		if err != nil && !errors.Is(err, prompty.ErrConflict) {
			return fmt.Errorf("SaveIf(%q, %d): %w", tmpl.Name, base, err)
		}
		return nil
	}
	if err := s.Save(ctx, tmpl); err != nil {
		return fmt.Errorf("Save(%q): %w", tmpl.Name, err)
	}
	return nil
}

func childChurn(ctx context.Context, s prompty.TemplateStorage, i, version int) error {
	var err error
	call := "List"
	switch i % 12 {
	case 3:
		call, err = "Delete", s.Delete(ctx, churnName)
	case 7:
		call, err = "DeleteVersion", s.DeleteVersion(ctx, churnName, version)
	default:
		var list []*prompty.StoredTemplate
		list, err = s.List(ctx, nil)
		for _, x := range list {
			if _, whole := checkText(x.Source); !whole {
				return fmt.Errorf("%s@%d in List is not whole: %d bytes", x.Name, x.Version, len(x.Source))
			}
		}
	}
	if err != nil && !errors.Is(err, prompty.ErrTemplateNotFound) {
		return fmt.Errorf("%s beside other processes: %w", call, err)
	}
	return nil
}

// selfChecking makes a text, short or long, that ends in its own checksum.
func selfChecking(who string, pid, i int) (text, sum string) {
	body := fmt.Sprintf("process %s (%d), save %d\r\n", who, pid, i)
	body += strings.Repeat("and more of the same – 🦊\n", (i*i*37)%900)
	hash := sha256.Sum256([]byte(body))
	sum = hex.EncodeToString(hash[:])
	return body + sum, sum
}

// checkText returns the checksum that ends the text, and whether it is right.
func checkText(text string) (sum string, whole bool) {
	at := len(text) - 2*sha256.Size
	if at < 0 {
		return "", false
	}
	hash := sha256.Sum256([]byte(text[:at]))
	return text[at:], text[at:] == hex.EncodeToString(hash[:])
}

// parseAck reads a line that a child printed for a save.
func parseAck(line string) (name string, version int, sum string, ok bool) {
	n, err := fmt.Sscanf(line, "acknowledged %s %d %s", &name, &version, &sum)
	return name, version, sum, n == 3 && err == nil
}

package engine

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-prompty/prompty/engine/internal/value"
)

// Message is one message of a chat. Its bounds and its role come from the
// template alone: text of the data that looks like a tag or like a message is
// text.
type Message struct {
	Role    string `json:"role"` // system, user, assistant or tool
	Name    string `json:"name,omitempty"`
	Content string `json:"content"`
	Cache   bool   `json:"cache,omitempty"` // the author asks to cache the prompt up to here
}

// implicitRole is the role of text outside of all messages.
const implicitRole = "user"

func (f *frame) beginMessage(m *messageSite, role string) error {
	switch {
	case f.inside:
		return errors.New("a message begins inside of another one")
	case f.captures > 0:
		return errors.New("a message begins inside of a custom tag, which gets its body as text")
	}
	f.inside = true
	if f.collect {
		if f.messages == nil {
			f.messages = make([]messageSpan, 0, 8) // as many as most have
		}
		f.messages = append(f.messages, messageSpan{role: role, name: m.name, cache: m.cache, start: len(f.out)})
	}
	return nil
}

func (f *frame) endMessage() {
	f.inside = false
	if f.collect {
		f.messages[len(f.messages)-1].end = len(f.out)
	}
}

// roleOf is the role that an eval-role gives.
func roleOf(v any) (string, error) {
	role, ok := value.Text(v)
	if !ok {
		return "", fmt.Errorf("eval-role gives %s: a string is needed, one of %s", value.TypeName(v), strings.Join(roles, ", "))
	}
	if !slices.Contains(roles, role) {
		return "", badRole(role)
	}
	return role, nil
}

// messagesOf cuts the output into messages, without the white space at their
// ends.
func messagesOf(text string, spans []messageSpan) []Message {
	list := make([]Message, 0, len(spans)+1)
	at := 0
	between := func(end int) {
		if gap := strings.TrimSpace(text[at:end]); gap != "" {
			list = append(list, Message{Role: implicitRole, Content: gap})
		}
	}
	for _, s := range spans {
		between(s.start)
		list = append(list, Message{Role: s.role, Name: s.name, Content: strings.TrimSpace(text[s.start:s.end]), Cache: s.cache})
		at = s.end
	}
	between(len(text))
	return list
}

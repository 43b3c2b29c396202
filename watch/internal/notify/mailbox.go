package notify

// maxPending is how many events wait for a reader before they are given up for
// one Overflow: as much memory as a reader that never comes may take.
const maxPending = 1 << 18

// A mailbox hands batches to a reader that may be slow. It has a single writer,
// who never waits: what the reader has not taken yet is put in front of what
// is new. One channel does that without a goroutine of its own, which would be
// one more switch between an event and its reader.
type mailbox chan []Event

func newMailbox() mailbox { return make(chan []Event, 1) }

// put adds events, which belong to the mailbox from now on.
func (m mailbox) put(events []Event) {
	if len(events) == 0 {
		return
	}
	select {
	case waiting := <-m:
		events = append(waiting, events...)
		if len(events) > maxPending {
			events = []Event{{Op: Overflow}}
		}
	default:
	}
	m <- events // there is room: no one else writes
}

// replace puts events in the place of those that wait.
func (m mailbox) replace(events []Event) {
	select {
	case <-m:
	default:
	}
	if len(events) > 0 {
		m <- events
	}
}

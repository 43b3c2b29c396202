package engine

// Message is one message of a chat.
type Message struct {
	Role    string `json:"role"`
	Name    string `json:"name,omitempty"`
	Content string `json:"content"`
	Cache   bool   `json:"cache,omitempty"` // the author asks to cache the prompt up to here
}

// Package mongostore keeps templates in MongoDB.
package mongostore

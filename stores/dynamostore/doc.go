// Package dynamostore keeps templates in a table of Amazon DynamoDB.
package dynamostore

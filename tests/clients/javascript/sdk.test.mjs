// The JavaScript SDK v3, both its plain client and its document client, against the server at DDBENGINE_URL.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import {
  ConditionalCheckFailedException,
  CreateTableCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  ListTagsOfResourceCommand,
  PutItemCommand,
  ResourceNotFoundException,
  TagResourceCommand,
  UpdateTableCommand,
  paginateListTables,
  waitUntilTableExists,
  waitUntilTableNotExists,
} from "@aws-sdk/client-dynamodb";
import {
  BatchGetCommand,
  BatchWriteCommand,
  DeleteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  UpdateCommand,
  paginateQuery,
  paginateScan,
} from "@aws-sdk/lib-dynamodb";

const TableName = "javascript";
const client = new DynamoDBClient({
  endpoint: process.env.DDBENGINE_URL,
  region: "us-east-1",
  credentials: { accessKeyId: "javascript", secretAccessKey: "secret" },
  maxAttempts: 1,
});
const documents = DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });

before(async () => {
  const { TableDescription } = await client.send(
    new CreateTableCommand({
      TableName,
      KeySchema: [
        { AttributeName: "pk", KeyType: "HASH" },
        { AttributeName: "sk", KeyType: "RANGE" },
      ],
      AttributeDefinitions: [
        { AttributeName: "pk", AttributeType: "S" },
        { AttributeName: "sk", AttributeType: "N" },
        { AttributeName: "colour", AttributeType: "S" },
      ],
      GlobalSecondaryIndexes: [
        {
          IndexName: "by-colour",
          KeySchema: [{ AttributeName: "colour", KeyType: "HASH" }],
          Projection: { ProjectionType: "ALL" },
        },
      ],
      BillingMode: "PAY_PER_REQUEST",
    }),
  );
  assert.ok(TableDescription.CreationDateTime instanceof Date);
  await waitUntilTableExists({ client, maxWaitTime: 20, minDelay: 1 }, { TableName });
});

after(async () => {
  await client.send(new DeleteTableCommand({ TableName }));
  await waitUntilTableNotExists({ client, maxWaitTime: 20, minDelay: 1 }, { TableName });
  client.destroy();
});

test("documents come back as they were put", async () => {
  const Item = {
    pk: "documents",
    sk: 1,
    text: "Straße \u{1F600}",
    number: -0.5,
    bytes: new Uint8Array([0, 255]),
    strings: new Set(["a", "b"]),
    numbers: new Set([1, 2]),
    nested: { list: [1, "two", null, true, {}] },
  };
  await documents.send(new PutCommand({ TableName, Item }));
  const answer = await documents.send(new GetCommand({ TableName, Key: { pk: "documents", sk: 1 } }));
  assert.deepEqual(answer.Item, Item);
});

test("the plain client reads what the document client wrote", async () => {
  await documents.send(new PutCommand({ TableName, Item: { pk: "plain", sk: 1, yes: true } }));
  const answer = await client.send(new GetItemCommand({ TableName, Key: { pk: { S: "plain" }, sk: { N: "1" } } }));
  assert.deepEqual(answer.Item, { pk: { S: "plain" }, sk: { N: "1" }, yes: { BOOL: true } });
});

test("a failed condition is of its own class and carries the item", async () => {
  await documents.send(new PutCommand({ TableName, Item: { pk: "guarded", sk: 1 } }));
  const again = new PutItemCommand({
    TableName,
    Item: { pk: { S: "guarded" }, sk: { N: "1" } },
    ConditionExpression: "attribute_not_exists(pk)",
    ReturnValuesOnConditionCheckFailure: "ALL_OLD",
  });
  await assert.rejects(client.send(again), (error) => {
    assert.ok(error instanceof ConditionalCheckFailedException);
    assert.equal(error.message, "The conditional request failed");
    assert.deepEqual(error.Item, { pk: { S: "guarded" }, sk: { N: "1" } });
    return true;
  });
});

test("a missing table is of its own class", async () => {
  await assert.rejects(
    client.send(new GetItemCommand({ TableName: "no-such-table", Key: { pk: { S: "a" } } })),
    (error) => error instanceof ResourceNotFoundException && error.message === "Requested resource not found",
  );
});

test("an update returns the new attributes, and a delete the old ones", async () => {
  const Key = { pk: "updated", sk: 1 };
  const updated = await documents.send(
    new UpdateCommand({
      TableName,
      Key,
      UpdateExpression: "SET #list[0] = :x, hits = if_not_exists(hits, :zero) + :one",
      ExpressionAttributeNames: { "#list": "list" },
      ExpressionAttributeValues: { ":x": "x", ":zero": 0, ":one": 1 },
      ConditionExpression: "attribute_exists(#list)",
      ReturnValues: "UPDATED_NEW",
    }),
  ).catch((error) => error);
  assert.ok(updated instanceof ConditionalCheckFailedException);

  await documents.send(new PutCommand({ TableName, Item: { ...Key, list: [] } }));
  const second = await documents.send(
    new UpdateCommand({
      TableName,
      Key,
      UpdateExpression: "SET hits = if_not_exists(hits, :zero) + :one",
      ExpressionAttributeValues: { ":zero": 0, ":one": 1 },
      ReturnValues: "UPDATED_NEW",
    }),
  );
  assert.deepEqual(second.Attributes, { hits: 1 });
  const deleted = await documents.send(new DeleteCommand({ TableName, Key, ReturnValues: "ALL_OLD" }));
  assert.deepEqual(deleted.Attributes, { ...Key, list: [], hits: 1 });
});

test("batches are written and read", async () => {
  const items = Array.from({ length: 20 }, (_, sk) => ({ pk: "batch", sk, colour: sk % 2 ? "red" : "blue" }));
  const written = await documents.send(
    new BatchWriteCommand({ RequestItems: { [TableName]: items.map((Item) => ({ PutRequest: { Item } })) } }),
  );
  assert.deepEqual(written.UnprocessedItems, {});
  const read = await documents.send(
    new BatchGetCommand({ RequestItems: { [TableName]: { Keys: items.map(({ pk, sk }) => ({ pk, sk })) } } }),
  );
  assert.deepEqual(read.Responses[TableName].sort((a, b) => a.sk - b.sk), items);
});

test("paginators walk a partition, an index and the table", async () => {
  const items = Array.from({ length: 11 }, (_, sk) => ({ pk: "pages", sk, colour: "green" }));
  await documents.send(
    new BatchWriteCommand({ RequestItems: { [TableName]: items.map((Item) => ({ PutRequest: { Item } })) } }),
  );
  const query = {
    TableName,
    KeyConditionExpression: "pk = :pk",
    ExpressionAttributeValues: { ":pk": "pages" },
    ScanIndexForward: false,
  };
  const found = [];
  for await (const page of paginateQuery({ client: documents, pageSize: 4 }, query)) found.push(...page.Items);
  assert.deepEqual(found, items.toReversed());

  const green = await documents.send(
    new QueryCommand({
      TableName,
      IndexName: "by-colour",
      KeyConditionExpression: "colour = :c",
      ExpressionAttributeValues: { ":c": "green" },
    }),
  );
  assert.equal(green.Count, 11);

  let scanned = 0;
  const filter = { FilterExpression: "pk = :pk", ExpressionAttributeValues: { ":pk": "pages" } };
  for await (const page of paginateScan({ client: documents, pageSize: 5 }, { TableName, ...filter })) {
    scanned += page.Count;
  }
  assert.equal(scanned, 11);
});

test("tables are listed, tagged and changed", async () => {
  const names = [];
  for await (const page of paginateListTables({ client, pageSize: 1 }, {})) names.push(...page.TableNames);
  assert.ok(names.includes(TableName));
  const { Table } = await client.send(new DescribeTableCommand({ TableName }));
  await client.send(new TagResourceCommand({ ResourceArn: Table.TableArn, Tags: [{ Key: "k", Value: "v" }] }));
  const { Tags } = await client.send(new ListTagsOfResourceCommand({ ResourceArn: Table.TableArn }));
  assert.deepEqual(Tags, [{ Key: "k", Value: "v" }]);
  await client.send(new UpdateTableCommand({ TableName, DeletionProtectionEnabled: true }));
  await client.send(new UpdateTableCommand({ TableName, DeletionProtectionEnabled: false }));
});

test("a hundred requests at once over kept connections all answer", async () => {
  const sent = Array.from({ length: 100 }, (_, sk) =>
    documents.send(new PutCommand({ TableName, Item: { pk: "many", sk } })),
  );
  await Promise.all(sent);
  const { Count } = await documents.send(
    new QueryCommand({
      TableName,
      KeyConditionExpression: "pk = :pk",
      ExpressionAttributeValues: { ":pk": "many" },
      Select: "COUNT",
    }),
  );
  assert.equal(Count, 100);
});

// The streams client of the JavaScript SDK v3 reads a stream from end to end, from the server at DDBENGINE_URL.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import {
  CreateTableCommand,
  DeleteItemCommand,
  DeleteTableCommand,
  DynamoDBClient,
  PutItemCommand,
  UpdateItemCommand,
  UpdateTableCommand,
} from "@aws-sdk/client-dynamodb";
import {
  DescribeStreamCommand,
  DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
  ListStreamsCommand,
  ResourceNotFoundException,
} from "@aws-sdk/client-dynamodb-streams";

const TableName = "javascript-streams";
const ITEMS = 25;
const settings = {
  endpoint: process.env.DDBENGINE_URL,
  region: "us-east-1",
  credentials: { accessKeyId: "javascript", secretAccessKey: "secret" },
  maxAttempts: 1,
};
const client = new DynamoDBClient(settings);
const streams = new DynamoDBStreamsClient(settings);
let StreamArn;

before(async () => {
  const { TableDescription } = await client.send(
    new CreateTableCommand({
      TableName,
      KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
      AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
      BillingMode: "PAY_PER_REQUEST",
      StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" },
    }),
  );
  StreamArn = TableDescription.LatestStreamArn;
  for (let number = 0; number < ITEMS; number++) {
    const pk = { S: `item-${number % 5}` };
    const Item = { pk, number: { N: `${number}` }, bytes: { B: new Uint8Array([number]) } };
    await client.send(new PutItemCommand({ TableName, Item }));
  }
});

after(async () => {
  await client.send(new DeleteTableCommand({ TableName }));
  client.destroy();
  streams.destroy();
});

const page = async (ShardIterator, Limit) => streams.send(new GetRecordsCommand({ ShardIterator, Limit }));

const iterator = async (ShardId, ShardIteratorType, SequenceNumber) => {
  const request = { StreamArn, ShardId, ShardIteratorType, SequenceNumber };
  return (await streams.send(new GetShardIteratorCommand(request))).ShardIterator;
};

// Every shard, a few a page.
const shards = async () => {
  const found = [];
  let ExclusiveStartShardId;
  do {
    const request = { StreamArn, Limit: 2, ExclusiveStartShardId };
    const { StreamDescription } = await streams.send(new DescribeStreamCommand(request));
    found.push(...StreamDescription.Shards);
    ExclusiveStartShardId = StreamDescription.LastEvaluatedShardId;
  } while (ExclusiveStartShardId);
  return found;
};

// What the stream tells up to its end, or up to a page without records where it has none.
const everything = async () => {
  const found = [];
  for (const { ShardId } of await shards()) {
    let next = await iterator(ShardId, "TRIM_HORIZON");
    while (next) {
      const { Records, NextShardIterator } = await page(next, 10);
      found.push(...Records);
      next = Records.length ? NextShardIterator : undefined;
    }
  }
  return found;
};

test("the stream of a table is listed and described", async () => {
  const { Streams } = await streams.send(new ListStreamsCommand({ TableName }));
  assert.equal(Streams.length, 1);
  assert.equal(Streams[0].StreamArn, StreamArn);
  const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn }));
  assert.equal(StreamDescription.StreamStatus, "ENABLED");
  assert.equal(StreamDescription.StreamViewType, "NEW_AND_OLD_IMAGES");
  assert.ok(StreamDescription.CreationRequestDateTime instanceof Date);
  assert.deepEqual(StreamDescription.KeySchema, [{ AttributeName: "pk", KeyType: "HASH" }]);
});

test("every write is told once, in order for each item, with both images", async () => {
  const records = (await everything()).filter(({ dynamodb }) => dynamodb.NewImage?.number);
  assert.equal(records.length, ITEMS);
  assert.equal(new Set(records.map(({ eventID }) => eventID)).size, ITEMS);
  for (let item = 0; item < 5; item++) {
    const own = records.filter(({ dynamodb }) => dynamodb.Keys.pk.S === `item-${item}`);
    const numbers = own.map(({ dynamodb }) => Number(dynamodb.NewImage.number.N));
    assert.deepEqual(numbers, [item, item + 5, item + 10, item + 15, item + 20]);
    assert.deepEqual(own.map(({ eventName }) => eventName), ["INSERT", ...Array(4).fill("MODIFY")]);
    assert.equal(own[0].dynamodb.OldImage, undefined);
    assert.equal(own[1].dynamodb.OldImage.number.N, `${item}`);
    assert.deepEqual(own[1].dynamodb.NewImage.bytes.B, new Uint8Array([item + 5]));
    assert.ok(own[0].dynamodb.ApproximateCreationDateTime instanceof Date);
    assert.ok(own[0].dynamodb.SizeBytes > 0);
  }
});

test("a record is found again by its sequence number", async () => {
  const [first, second] = await everything();
  const { SequenceNumber } = first.dynamodb;
  const [{ ShardId }] = await shards();
  const at = await page(await iterator(ShardId, "AT_SEQUENCE_NUMBER", SequenceNumber), 1);
  assert.deepEqual(at.Records.map(({ eventID }) => eventID), [first.eventID]);
  const behind = await page(await iterator(ShardId, "AFTER_SEQUENCE_NUMBER", SequenceNumber), 1);
  assert.deepEqual(behind.Records.map(({ eventID }) => eventID), [second.eventID]);
});

test("an iterator at the latest record sees what is written after it, and nothing before", async () => {
  const [{ ShardId }] = await shards();
  let next = await iterator(ShardId, "LATEST");
  const idle = await page(next);
  assert.deepEqual(idle.Records, []);
  const Key = { pk: { S: "later" } };
  await client.send(
    new UpdateItemCommand({
      TableName,
      Key,
      UpdateExpression: "SET seen = :no",
      ExpressionAttributeValues: { ":no": { BOOL: false } },
    }),
  );
  await client.send(new DeleteItemCommand({ TableName, Key }));
  const { Records } = await page(idle.NextShardIterator);
  assert.deepEqual(Records.map(({ eventName, dynamodb }) => [eventName, dynamodb.Keys]), [
    ["INSERT", Key],
    ["REMOVE", Key],
  ]);
  assert.deepEqual(Records[1].dynamodb.OldImage, { ...Key, seen: { BOOL: false } });
});

test("a stream that is not there is of its own class of errors", async () => {
  const missing = StreamArn.replace(TableName, "no-such-table");
  await assert.rejects(
    streams.send(new DescribeStreamCommand({ StreamArn: missing })),
    (error) => error instanceof ResourceNotFoundException,
  );
});

test("a stream that is switched off is read to its end", async () => {
  await client.send(new UpdateTableCommand({ TableName, StreamSpecification: { StreamEnabled: false } }));
  const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn }));
  assert.equal(StreamDescription.StreamStatus, "DISABLED");
  assert.ok((await shards()).every(({ SequenceNumberRange }) => SequenceNumberRange.EndingSequenceNumber));
  let next = await iterator((await shards())[0].ShardId, "TRIM_HORIZON");
  const records = [];
  while (next) {
    const answer = await page(next);
    records.push(...answer.Records);
    next = answer.NextShardIterator;
  }
  assert.equal(records.length, ITEMS + 2);
});

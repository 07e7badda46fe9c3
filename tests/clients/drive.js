// Drives the npm package `evrythng` against the API at the URL in the first argument, with the keys
// in the second, and prints what each step resolved to or was rejected with, as one JSON object.

'use strict'

const evrythng = require('evrythng')

const [apiUrl, keys, demo] = [process.argv[2], JSON.parse(process.argv[3]), JSON.parse(process.argv[4])]
const serial = `NPM-${Date.now()}-${process.pid}`
const outcomes = {}

// The client throws an Error whose message is the body of the response.
function rejection (error) {
  try {
    return { rejected: JSON.parse(error.message) }
  } catch (notJson) {
    return { broken: String(error && error.stack) }
  }
}

async function step (name, action) {
  try {
    const value = await action()
    // A copy, because the entities change when they are updated.
    outcomes[name] = { resolved: value === undefined ? 'undefined' : JSON.parse(JSON.stringify(value)) }
    return value
  } catch (error) {
    outcomes[name] = rejection(error)
  }
}

async function collect (pages) {
  const found = []
  for await (const page of pages) {
    found.push(page)
  }
  return found
}

async function driveThngs (operator) {
  const data = { name: 'Npm lamp & shade', identifiers: { serial }, tags: ['npm'] }
  const lamp = await step('create', () => operator.thng().create(data))
  await step('read', () => operator.thng(lamp.id).read())
  await step('update', () => operator.thng(lamp.id).update({ tags: ['npm', 'updated'] }))
  await step('update itself', () => {
    lamp.description = 'A lamp.'
    return lamp.update()
  })
  await step('upsert', () => operator.thng().upsert({ name: 'Npm lamp' }, { serial }))
  await step('find by name', () => operator.thng().find('Npm lamp'))
  await step('find by identifier', () => operator.thng().find({ serial }))
  await step('filter by object', () => operator.thng().setFilter({ name: 'Npm lamp' }).read())
  await step('already exists', () => operator.thng().create(data))
  await step('contradicting id', () => operator.thng(lamp.id).update({ id: demo.thng }))
  await step('delete', () => operator.thng(lamp.id).delete())
  await step('read deleted', () => operator.thng(lamp.id).read())
}

async function driveCollections (operator) {
  const shelf = await step('create collection', () =>
    operator.collection().create({ name: 'Npm shelf' })
  )
  const thngs = []
  for (const name of ['a & b', 'a & b', 'a & b']) {
    thngs.push(await operator.thng().create({ name, collections: [shelf.id] }))
  }
  const ids = thngs.map((thng) => thng.id)
  outcomes.created = { ids, collection: shelf.id, serial }
  await step('list', () => operator.collection(shelf.id).thng().read())
  await step('pages', () =>
    collect(
      operator.collection(shelf.id).thng().pages({ params: { perPage: 2, filter: 'name=a & b' } })
    )
  )
  await step('delete full collection', () => operator.collection(shelf.id).delete())
  await step('take one out', () => operator.collection(shelf.id).thng(ids[0]).delete())
  await step('put one in', () => operator.collection(shelf.id).thng().update([ids[0]]))
  await step('take all out', () => operator.collection(shelf.id).thng().delete())
  await step('delete collection', () => operator.collection(shelf.id).delete())
  for (const id of ids) {
    await operator.thng(id).delete()
  }
}

async function driveErrors (operator) {
  const reader = new evrythng.Operator(keys.read)
  const visitor = (url) => evrythng.api({ url, apiKey: keys.nothing })
  const get = (url, headers) => evrythng.api({ url, headers, apiKey: keys.write })

  await step('wrong key', () => new evrythng.Operator('no-such-key').init())
  await step('nothing allowed', () => visitor('/access'))
  await reader.init()
  await step('reader reads', () => reader.thng(demo.thng).read())
  await step('reader creates', () => reader.thng().create({ name: 'Npm lamp' }))
  await step('no name', () => operator.thng().create({ tags: ['npm'] }))
  await step('malformed id', () => operator.thng('not-an-id').read())
  await step('unknown id', () => operator.thng(demo.unknown).read())
  await step('no such resource', () => operator.product().read())
  await step('bad page size', () => operator.thng().setPerPage(101).read())
  await step('bad filter', () => operator.thng().setFilter('colour=red').read())
  await step('operator update', () => operator.update({ customFields: {} }))
  await step('asked for XML', () => get('/thngs', { accept: 'application/xml' }))
  for (const status of [500, 503, 504]) {
    await step(`status ${status}`, () => get(`/_status/${status}`))
  }
}

async function main () {
  evrythng.setup({ apiUrl })
  const operator = new evrythng.Operator(keys.write)
  await step('init', () => operator.init())
  await driveThngs(operator)
  await driveCollections(operator)
  await driveErrors(operator)
  process.stdout.write(JSON.stringify(outcomes))
}

main().catch((error) => {
  console.error(error)
  process.exitCode = 1
})

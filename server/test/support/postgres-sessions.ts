import pg from 'pg'

/** The column `count` of the row that a query finds. @param url Of the database. */
export async function queryCount(url: string, query: string): Promise<number> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return Number((await client.query(query)).rows[0]?.count)
  } finally {
    await client.end()
  }
}

/** Sessions that somebody else has. */
export interface OtherSessions {
  readonly count: number
  /** Ends the sessions of a program. @returns how many it had */
  endOthers(applicationName: string): Promise<number>
  close(): Promise<void>
}

/** Takes every connection that a database still gives. @param url Of the database. */
export async function takeConnections(url: string): Promise<OtherSessions> {
  const clients: pg.Client[] = []
  for (;;) {
    const client = new pg.Client({ connectionString: url })
    client.on('error', () => undefined)
    try {
      await client.connect()
    } catch {
      break
    }
    clients.push(client)
  }
  return {
    count: clients.length,
    endOthers: async (applicationName) => {
      const query =
        'select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1'
      return (await clients[0]?.query(query, [applicationName]))?.rowCount ?? 0
    },
    close: async () => {
      await Promise.all(clients.map((client) => client.end()))
    },
  }
}

/** A file of the catalogue. */
export const EARTH = '0e5b7a52-6f1c-4d7e-9a3b-5c2d1e8f4a60'
/** The same file again, which only its account may read. */
export const PRIVATE_EARTH = '9d3f6c18-2b7a-4e05-8c41-7a6e0b9d5f32'

/** Where a dataset's file is. */
export const fileUrl = (id: string) => `/datasets/${id}/download/cog`

/** The rule for a manager's `allow`: the token goes into the URL, as `?token=`. */
export const allowDataset = (id: string) => ({
  prefix: `/datasets/${id}/`,
  attach: { query: 'token' },
})

/** Asks for a download token, which lives for 120 s, and adapts its answer to RFC 6749. */
export async function requestDownloadToken(id: string, signal: AbortSignal): Promise<Response> {
  const response = await fetch(`/auth/download-token/${id}`, { method: 'POST', signal })
  // "Not found" is how this broker refuses: for a manager that is a denial, and asking again is useless.
  if (response.status === 404) return new Response(null, { status: 403 })
  if (!response.ok) return response
  const { token, expires_in }: { token: string; expires_in: number } = await response.json()
  return Response.json({ access_token: token, expires_in })
}

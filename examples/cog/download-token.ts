/** Id of a dataset that everyone may download. */
export const EARTH = '0e5b7a52-6f1c-4d7e-9a3b-5c2d1e8f4a60'
/** Id of a dataset with the same file that only its account may download. */
export const PRIVATE_EARTH = '9d3f6c18-2b7a-4e05-8c41-7a6e0b9d5f32'

/** URL of a dataset's file. */
export const fileUrl = (id: string) => `/datasets/${id}/download/cog`

/** A rule for `allow` that puts the token into the query, as `?token=`. */
export const allowDataset = (id: string) => ({
  prefix: `/datasets/${id}/`,
  attach: { query: 'token' },
})

/** Requests a download token, which lives for 120 s, and converts the response to RFC 6749. */
export async function requestDownloadToken(id: string, signal: AbortSignal): Promise<Response> {
  const response = await fetch(`/auth/download-token/${id}`, { method: 'POST', signal })
  // This API refuses with 404. To the token manager 403 means "denied", so that it does not retry.
  if (response.status === 404) return new Response(null, { status: 403 })
  if (!response.ok) return response
  const { token, expires_in }: { token: string; expires_in: number } = await response.json()
  return Response.json({ access_token: token, expires_in })
}

/** The header that presents an access token. */
export const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

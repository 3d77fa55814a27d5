package dev.portward

import java.security.InvalidKeyException
import java.security.KeyStore
import javax.crypto.AEADBadTagException
import javax.crypto.Cipher
import javax.crypto.SecretKey
import javax.crypto.spec.GCMParameterSpec

/** In the place of Android's. */
class KeyPermanentlyInvalidatedException : InvalidKeyException()

class KeystoreKey(private val alias: String) : DeviceKey {
    override fun wrap(key: ByteArray, binding: ByteArray): ByteArray = guarded {
        val cipher = Cipher.getInstance("AES/GCM/NoPadding").apply { init(Cipher.ENCRYPT_MODE, secret()); updateAAD(binding) }
        cipher.iv + cipher.doFinal(key)
    }

    override fun unwrap(wrapped: ByteArray, binding: ByteArray): ByteArray = guarded {
        if (wrapped.size < 28) throw DeviceKeyException.Refused()
        val cipher = Cipher.getInstance("AES/GCM/NoPadding")
        cipher.init(Cipher.DECRYPT_MODE, secret(), GCMParameterSpec(128, wrapped, 0, 12))
        cipher.updateAAD(binding)
        cipher.doFinal(wrapped, 12, wrapped.size - 12)
    }

    private fun secret(): SecretKey =
        KeyStore.getInstance("AndroidKeyStore").run { load(null); getKey(alias, null) as SecretKey? } ?: throw DeviceKeyException.Refused()

    // What is wrapped is lost only if the key is. A locked phone says so in many ways: whatever else is wrong may be right tomorrow.
    private fun <T> guarded(work: () -> T): T = try { work() } catch (error: Exception) {
        throw when (error) {
            is DeviceKeyException -> error
            is KeyPermanentlyInvalidatedException, is AEADBadTagException -> DeviceKeyException.Refused()
            else -> DeviceKeyException.Unavailable()
        }
    }
}

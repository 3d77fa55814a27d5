package dev.portward

import com.google.gson.JsonObject
import java.nio.file.Path

/** The object of a case, as it is told: its bytes, or another with edits. */
fun objectOf(case: JsonObject, objects: JsonObject): ByteArray {
    val told = case.get("object")
    if (told.isJsonPrimitive) return unhex(told.asString)
    val base = unhex(objects.get(told.asJsonObject.text("base")).asString)
    return told.asJsonObject.getAsJsonArray("edits").map { it.asJsonObject }.fold(base, ::edited)
}

/** Its context, if a map can say it: no key twice, and a name and an id. The tenant, which a vault says itself, is left out. */
fun nameOf(case: JsonObject): ObjectName? {
    val pairs = case.getAsJsonArray("context").map { it.asJsonArray[0].asString to it.asJsonArray[1].asString }
    val context = pairs.toMap().takeIf { it.size == pairs.size } ?: return null
    val more = context.filterKeys { it !in setOf("tenant", "name", "id") }
    return ObjectName(context["name"] ?: return null, context["id"] ?: return null, more)
}

private fun edited(bytes: ByteArray, edit: JsonObject): ByteArray {
    val name = edit.keySet().first { it != "times" }
    val value = edit.get(name)
    fun at(index: Int) = value.asJsonArray[index].asInt
    return when (name) {
        "xor" -> bytes.copyOf().also { unhex(value.asJsonArray[1].asString).forEachIndexed { index, byte -> it[at(0) + index] = (it[at(0) + index].toInt() xor byte.toInt()).toByte() } }
        "cut" -> bytes.copyOf(value.asInt)
        "append" -> {
            val more = unhex(value.asString)
            val times = edit.optional("times")?.asInt ?: 1
            bytes + ByteArray(more.size * times) { more[it % more.size] }
        }
        "delete" -> bytes.copyOf(at(0)) + bytes.copyOfRange(at(1), bytes.size)
        "insert" -> bytes.copyOf(at(0)) + unhex(value.asJsonArray[1].asString) + bytes.copyOfRange(at(0), bytes.size)
        "swap" -> bytes.copyOf(at(0)) + bytes.copyOfRange(at(2), at(3)) + bytes.copyOfRange(at(1), at(2)) + bytes.copyOfRange(at(0), at(1)) + bytes.copyOfRange(at(3), bytes.size)
        else -> error("no such edit: $name")
    }
}

suspend fun opened(vault: Vault, name: ObjectName, bytes: ByteArray, case: JsonObject, folder: Path): JsonObject {
    val plaintext = if (case.has("record")) {
        vault.openRecord(name, bytes)
    } else {
        val target = folder.resolve("opened")
        vault.openFile(name, folder.resolve("sealed").write(bytes).toString(), target.toString())
        target.toFile().readBytes()
    }
    return JsonObject().apply {
        addProperty("length", plaintext.size)
        addProperty("sha256", hex(sha256(plaintext)))
    }
}

suspend fun openedPart(vault: Vault, name: ObjectName, bytes: ByteArray, case: JsonObject, folder: Path): JsonObject {
    vault.openParts(name, folder.resolve("sealed").write(bytes).toString()).use { reader ->
        val part = reader.read(case.number("from"), case.number("length"))
        return JsonObject().apply {
            addProperty("length", reader.length().toLong())
            addProperty("bytes", hex(part))
        }
    }
}
